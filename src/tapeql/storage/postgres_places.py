"""Partitions of tables in PostgreSQL: locked, read and merged inside a transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from tapeql.storage.layout import Series, partition_span
from tapeql.storage.merge import Merged, difference, merge
from tapeql.storage.postgres_copy import copy_in, copy_out
from tapeql.storage.postgres_tables import whose
from tapeql.storage.schema import OHLCV, TABLES, Table

if TYPE_CHECKING:
    import psycopg

LOCK: Final = 0x7A9E_01
"""The advisory lock of writers, the same in every TapeQL process."""


def snapshot_name(connection: psycopg.Connection[Any]) -> str:
    row = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
    return row[0] if row else ""


def lock_places(connection: psycopg.Connection[Any], places: Iterable[tuple[str, int]], *, shared: bool) -> None:
    """Keeps others from partitions of tables until the transaction ends; those who share them do not wait for each other.

    What takes several partitions takes them in one order, so that no two wait for each other.
    """
    how = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    numbers = {name: number for number, name in enumerate(TABLES)}
    for table, partition in sorted(set(places)):
        # The two 32-bit numbers of such a lock: the table beside our own mark, and the partition.
        connection.execute(f"SELECT {how}(%s, %s)", (LOCK + 0x100 + numbers[table], partition))


def merge_into(
    connection: psycopg.Connection[Any], series: Series, partition: int, sources: Sequence[pa.Table]
) -> Merged:
    """Merges sources into a partition that no one else writes meanwhile."""
    table = TABLES[series[0]]
    span = partition_span(table.name, series[3], partition)
    existing = stored(connection, table, series, span)
    merged = merge(table, existing if existing.num_rows else None, sources)
    if merged.rows is not None:
        gone, fresh = difference(existing, merged.rows)
        if gone.num_rows:
            _delete(connection, table, series, gone)
        copy_in(connection, table.name, _marked(table, series, fresh))
    return merged


def stored(
    connection: psycopg.Connection[Any],
    table: Table,
    series: Series,
    span: tuple[int, int] | None = None,
    *,
    columns: Sequence[str] = (),
    last: bool = False,
) -> pa.Table:
    """Rows of a series in (ts, seq) order: those of a half-open span of time, or only the last."""
    from psycopg import sql

    mine = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in whose(table))
    rest = sql.SQL("WHERE {}").format(mine)
    values = _of(table, series)
    if span is not None:
        rest += sql.SQL(" AND ts >= %s::timestamptz AND ts < %s::timestamptz")
        values += tuple(_iso(us) for us in span)
    rest += sql.SQL(" ORDER BY ts DESC, seq DESC LIMIT 1" if last else " ORDER BY ts, seq")
    return copy_out(connection, table, columns or table.schema.names, rest, values)


def _delete(connection: psycopg.Connection[Any], table: Table, series: Series, gone: pa.Table) -> None:
    from psycopg import sql

    name = f"gone_{table.name}"
    connection.execute(
        sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} (LIKE {}) ON COMMIT DROP").format(
            sql.Identifier(name), sql.Identifier(table.name)
        )
    )
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(name)))
    copy_in(connection, name, _marked(table, series, gone))
    same = sql.SQL(" AND ").join(
        sql.SQL("kept.{0} = gone.{0}").format(sql.Identifier(column)) for column in (*whose(table), "ts", "seq")
    )
    connection.execute(
        sql.SQL("DELETE FROM {} AS kept USING {} AS gone WHERE {}").format(
            sql.Identifier(table.name), sql.Identifier(name), same
        )
    )


def _marked(table: Table, series: Series, rows: pa.Table) -> pa.Table:
    """Rows with the columns that say whose they are."""
    same = pa.array(np.zeros(rows.num_rows, np.int64))
    marks = [pa.array([value]).take(same) for value in _of(table, series)]
    return pa.table([*marks, *rows.columns], names=[*whose(table), *rows.column_names])


def _of(table: Table, series: Series) -> tuple[str, ...]:
    return series[1:] if table is OHLCV else series[1:3]


def _iso(us: int) -> str:
    return f"{np.datetime64(us, 'us')}Z"
