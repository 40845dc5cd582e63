"""A feed's way into the database: rows go by COPY into a temporary table, and those not known from there on."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import pyarrow as pa

from tapeql.arrow import integers
from tapeql.storage.fed import Batch, gathered
from tapeql.storage.merge import Merged, free_places, unknown
from tapeql.storage.postgres_copy import copy_in
from tapeql.storage.postgres_kept import Database, Kept
from tapeql.storage.postgres_places import lock_places, merge_into, snapshot_name, stored
from tapeql.storage.postgres_tables import known_by, prepare, whose
from tapeql.storage.rows import instants
from tapeql.storage.schema import TABLES, Table
from tapeql.storage.store import Commit, Fed, summed

if TYPE_CHECKING:
    import psycopg


class PostgresLiveWriter:
    """One kept connection; after the server was away, the next call opens another."""

    pace_s: Final = 0.1

    def __init__(self, store: Database) -> None:
        self._store = store
        self._connection = Kept(store.connected, _prepared)
        self._known: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def append(self, rows: Fed) -> Commit:
        batches = gathered(rows)
        with self._store.speaking(), self._connection.taken() as connection:
            with connection.transaction():
                # Imports merge whole partitions and must not see one grow meanwhile; appends need not wait for each other.
                for shared in (False, True):
                    mine = (batch for batch in batches if _shares(batch) == shared)
                    places = [(batch.table.name, number) for batch in mine for _, number in batch.places]
                    lock_places(connection, places, shared=shared)
                counts = [count for batch in batches for count in self._added(connection, batch)]
            return summed(snapshot_name(connection), counts)

    def seal(self, venue: str, before_day: int) -> int:
        """Nothing to fold: rows stand in the tables imports write."""
        return 0

    def _added(self, connection: psycopg.Connection[Any], batch: Batch) -> list[Merged]:
        if batch.table.small:
            return [
                merge_into(connection, *place, [batch.rows.slice(at.start, at.stop - at.start)])
                for _, place, at in batch.stretches()
            ]
        rows, differing = _candidates(connection, batch)
        added, unlike = self._inserted(connection, batch.table, rows)
        return [Merged(None, added, len(batch.ts) - added, differing=differing + unlike)]

    def _inserted(self, connection: psycopg.Connection[Any], table: Table, rows: pa.Table) -> tuple[int, int]:
        """Adds rows whose key is not known; returns how many there were, and how many others differ from the stored."""
        from psycopg.errors import UniqueViolation

        if table.name not in self._known:
            # As a rule all rows are new: straight into the table they take half the time.
            try:
                with connection.transaction():
                    copy_in(connection, table.name, rows)
                return rows.num_rows, 0
            except UniqueViolation:
                self._known.add(table.name)
        added, differing = _sifted(connection, table, rows)
        if added == rows.num_rows:
            self._known.discard(table.name)
        return added, differing


def _prepared(connection: psycopg.Connection[Any]) -> None:
    from psycopg import sql

    connection.autocommit = True
    with connection.transaction():
        prepare(connection)
        for table in (table for table in TABLES.values() if not table.small):
            connection.execute(
                sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DELETE ROWS").format(
                    sql.Identifier(_fed(table)), sql.Identifier(table.name)
                )
            )


def _shares(batch: Batch) -> bool:
    """Whether the unique index alone keeps rows apart."""
    return not batch.table.small and bool(batch.keyed.all())


def _fed(table: Table) -> str:
    return f"fed_{table.name}"


def _candidates(connection: psycopg.Connection[Any], batch: Batch) -> tuple[pa.Table, int]:
    """The rows of a batch with whose they are; without those that have no key and are known by their content."""
    keep = np.ones(len(batch.ts), np.bool_)
    seq = batch.seq.copy()
    differing = 0
    if not batch.keyed.all():
        for _, place, at in batch.stretches():
            if not batch.keyed[at].all():
                differing += _unknown(connection, batch, place[0], at, keep, seq)
    rows = batch.rows.set_column(1, batch.table.schema.field("seq"), pa.array(seq))
    which = pa.array(np.repeat(np.arange(len(batch.places)), np.diff(batch.starts)))
    marks = [pa.array([series[n] for series, _ in batch.places]).take(which) for n in (1, 2)]
    rows = pa.table([*marks, *rows.columns], names=[*whose(batch.table), *rows.column_names])
    return rows if keep.all() else rows.filter(pa.array(keep)), differing


def _unknown(connection: psycopg.Connection[Any], batch: Batch, series: Any, at: slice, keep: Any, seq: Any) -> int:
    """Marks which rows without a key are not stored, by their content."""
    table = batch.table
    columns = [n for n in table.schema.names if n in ("ts", "seq", *table.key, *table.content)]
    span = int(batch.ts[at.start]), int(batch.ts[at.stop - 1]) + 1
    near = stored(connection, table, series, span, columns=columns)
    keep[at], differing = unknown(table, near, batch.rows.slice(at.start, at.stop - at.start))
    kept = np.flatnonzero(keep[at]) + at.start
    moved = seq[kept]
    free_places(instants(near), integers(near.column("seq").combine_chunks()), batch.ts[kept], moved)
    seq[kept] = moved
    return differing


def _sifted(connection: psycopg.Connection[Any], table: Table, rows: pa.Table) -> tuple[int, int]:
    """Adds what is not known among rows, by way of a temporary table."""
    from psycopg import sql

    fed, into = sql.Identifier(_fed(table)), sql.Identifier(table.name)
    copy_in(connection, _fed(table), rows)
    insert = sql.SQL("INSERT INTO {0} ({1}) SELECT {1} FROM {2} ORDER BY {3} ON CONFLICT DO NOTHING").format(
        into,
        sql.SQL(", ").join(map(sql.Identifier, rows.column_names)),
        fed,
        sql.SQL(", ").join(map(sql.Identifier, (*whose(table), "ts", "seq"))),
    )
    added = connection.execute(insert).rowcount
    if added == rows.num_rows:
        return added, 0
    # What was not added is known, or the place of its (ts, seq) is taken: then it moves up.
    s, t = ([*(sql.Identifier(of, name) for name in whose(table)), *known_by(table, of)] for of in ("s", "t"))
    same = sql.SQL(" AND ").join(sql.SQL("{} = {}").format(*pair) for pair in zip(s, t, strict=True))
    floats = [name for name in table.content if table.schema.field(name).type == pa.float64()]
    values = [sql.SQL(", ").join(sql.Identifier(of, name) for name in ("ts", *floats)) for of in ("s", "t")]
    unlike = sql.SQL("SELECT count(*) FROM {} s JOIN {} t ON {} WHERE ROW({}) IS DISTINCT FROM ROW({})")
    (differing,) = connection.execute(unlike.format(fed, into, same, *values)).fetchone() or (0,)
    connection.execute(sql.SQL("DELETE FROM {} WHERE {} IS NULL").format(fed, sql.Identifier(table.number)))
    known = sql.SQL("DELETE FROM {} s USING {} t WHERE {}").format(fed, into, same)
    move = sql.SQL("UPDATE {} SET seq = seq + 1").format(fed)
    connection.execute(known)
    while connection.execute(move).rowcount:
        added += connection.execute(insert).rowcount
        connection.execute(known)
    return added, differing
