"""The same tables in PostgreSQL: written through COPY under one advisory lock, read as Arrow."""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import unquote

import numpy as np
import pyarrow as pa
import pyarrow.csv

from tapeql.errors import ConnectionFailed, StoreError, TapeQLError
from tapeql.limits import STORE_LOCK_WAIT_S
from tapeql.storage.layout import canonical_interval, partition_span
from tapeql.storage.manifest import Series
from tapeql.storage.merge import Merged, difference, merge
from tapeql.storage.postgres_snapshot import PostgresSnapshot
from tapeql.storage.rows import conform, table_of
from tapeql.storage.schema import OHLCV, TABLES, TS, Table
from tapeql.storage.staging import Staging
from tapeql.storage.stores import Commit

if TYPE_CHECKING:
    import psycopg

_LOCK: Final = 0x7A9E_01
"""The advisory lock of writers, the same in every TapeQL process."""

_SERVER: Final = r"(?:\[[^\]@/?#]*\]|[^\[\]:@/?#,]*)(?::\d*)?"
_URL: Final = re.compile(
    r"postgres(?:ql)?://(?:(?P<user>[^:@/?#]*)(?::(?P<password>[^@/?#]*))?@)?"
    rf"(?P<server>{_SERVER}(?:,{_SERVER})*)(?P<path>/[^@/?#]*)?(?:\?(?P<query>[^@#]*))?"
)
"""Stricter than libpq, which takes what follows the first `@` of a password for the host, and shows it."""

_COPY_ROWS: Final = 65_536
_KINDS: Final = {
    pa.int64(): "bigint",
    pa.float64(): "double precision",
    pa.string(): "text",
    pa.bool_(): "boolean",
    TS: "timestamp with time zone",
}


class PostgresStore:
    """A store in the database at `url` (postgresql://…); its tables are made when first written.

    Raises StoreError for a URL that cannot be read, without repeating it.
    """

    def __init__(self, url: str, *, lock_wait_s: float = STORE_LOCK_WAIT_S) -> None:
        read = _URL.fullmatch(url)
        if read is None or re.search("%(?![0-9A-Fa-f]{2})", url):
            raise StoreError(
                "the URL of the database cannot be read; it is postgresql://USER:PASSWORD@HOST:PORT/NAME, "
                "where a password writes `@` as %40, `:` as %3A, `/` as %2F, `?` as %3F, `#` as %23 and `%` as %25"
            )
        self._read = read.groupdict("")
        self._url = url
        self._lock_wait_s = lock_wait_s

    @property
    def name(self) -> str:
        """The URL without password and options."""
        user = f"{self._read['user']}@" if self._read["user"] else ""
        return f"postgresql://{user}{self._read['server']}{self._read['path']}"

    def __repr__(self) -> str:
        return f"PostgresStore({self.name!r})"

    def snapshot(self) -> PostgresSnapshot:
        """The database as of now. It holds a connection until closed. Raises StoreError where nothing was written."""
        with self.speaking():
            return PostgresSnapshot(self._url, self.name, self.speaking)

    def begin(self) -> PostgresTransaction:
        return PostgresTransaction(self)

    def write(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "") -> Commit:
        """Adds rows in source order, in one transaction; see `tapeql.storage.merge` for what is one row."""
        with self.begin() as transaction:
            transaction.add(table, venue, code, rows, interval)
            return transaction.commit()

    @contextmanager
    def speaking(self) -> Iterator[None]:
        """Turns the drivers' errors into ours, without the password that libpq may repeat."""
        try:
            yield
        except TapeQLError:
            raise
        except ImportError as error:
            raise StoreError(f"PostgreSQL needs more packages ({error.name}): pip install 'tapeql[postgres]'") from None
        except Exception as error:
            raise self._translated(error) from None

    def _translated(self, error: Exception) -> Exception:
        import psycopg
        from adbc_driver_manager import Error as AdbcError

        if not isinstance(error, psycopg.Error | AdbcError | pa.ArrowException | OSError):
            return error
        text = " ".join(self._scrubbed(str(error)).split())
        refused = isinstance(error, psycopg.OperationalError) and getattr(error, "sqlstate", None) is None
        if refused or "connection to server" in text or "could not translate host" in text:
            return ConnectionFailed(f"{self.name} cannot be reached: {text}")
        return StoreError(f"{self.name}: {text}")

    def _scrubbed(self, text: str) -> str:
        password, query = self._read["password"], self._read["query"]
        secrets = {password, unquote(password), query}
        secrets |= {unquote(found) for found in re.findall(r"password=([^&]*)", query)}
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            text = text.replace(secret, "***")
        return text

    def _commit(self, staged: Staging) -> Commit:
        import psycopg

        with self.speaking(), psycopg.connect(self._url) as connection:
            connection.execute("SELECT set_config('lock_timeout', %s, true)", (f"{round(self._lock_wait_s * 1000)}ms",))
            try:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            except psycopg.errors.LockNotAvailable:
                raise StoreError(
                    f"{self.name} is being written by someone else; waited {self._lock_wait_s:g} s. "
                    "Try again when they have finished."
                ) from None
            create_tables(connection)
            counts = [_merge(connection, series, number, staged) for series, number in staged.places()]
            connection.commit()
            row = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
        return Commit(
            row[0] if row else "",
            sum(m.added for m in counts),
            sum(m.present for m in counts),
            sum(m.replaced for m in counts),
            sum(m.differing for m in counts),
        )


class PostgresTransaction:
    """Rows on their way into a database; nothing is sent before `commit`."""

    def __init__(self, store: PostgresStore) -> None:
        self._store = store
        self._staging = Staging(Path(tempfile.gettempdir()) / f"tapeql-staging-{os.getuid()}")

    def add(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "", source: str = "") -> None:
        schema = table_of(table)
        series = (table, venue, code, canonical_interval(interval) if table == "ohlcv" else "")
        self._staging.add(series, conform(schema, rows), source)

    def commit(self) -> Commit:
        commit = self._store._commit(self._staging)
        self._staging.close()
        return commit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._staging.close()


# ── SQL ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def keys(table: Table) -> tuple[str, ...]:
    """The columns that say whose a row is."""
    return ("venue", "symbol", "interval") if table is OHLCV else ("venue", "symbol")


def create_tables(connection: psycopg.Connection[Any]) -> None:
    """Text in keys is compared byte by byte ("C"), as everywhere in TapeQL. The primary key is the index bars read by."""
    from psycopg import sql

    for table in TABLES.values():
        columns = [sql.SQL('{} text COLLATE "C" NOT NULL').format(sql.Identifier(name)) for name in keys(table)]
        columns += [
            sql.SQL("{} {}{}").format(
                sql.Identifier(field.name),
                sql.SQL(_KINDS[field.type]),
                sql.SQL("" if field.nullable else " NOT NULL"),
            )
            for field in table.schema
        ]
        unique = [*keys(table), "ts"] if table is OHLCV else [*keys(table), "ts", "seq"]
        primary = sql.SQL("PRIMARY KEY ({})").format(sql.SQL(", ").join(map(sql.Identifier, unique)))
        connection.execute(
            sql.SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(
                sql.Identifier(table.name), sql.SQL(", ").join([*columns, primary])
            )
        )


def _merge(connection: psycopg.Connection[Any], series: Series, number: int, staged: Staging) -> Merged:
    table = TABLES[series[0]]
    existing = _stored(connection, table, series, number)
    merged = merge(table, existing, staged.sources((series, number)))
    if merged.rows is not None:
        gone, fresh = difference(existing, merged.rows)
        if gone.num_rows:
            _delete(connection, table, series, gone)
        _copy(connection, table, table.name, series, fresh)
    return merged


def _stored(connection: psycopg.Connection[Any], table: Table, series: Series, number: int) -> pa.Table | None:
    """The rows of a partition, by the connection that will change them."""
    from psycopg import sql

    start_us, end_us = partition_span(table.name, series[3], number)
    instant = sql.SQL("(extract(epoch FROM ts) * 1000000)::bigint")
    columns = [instant if name == "ts" else sql.Identifier(name) for name in table.schema.names]
    mine = sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in keys(table))
    statement = sql.SQL(
        "COPY (SELECT {} FROM {} WHERE {} AND ts >= %s::timestamptz AND ts < %s::timestamptz ORDER BY ts, seq) "
        "TO STDOUT (FORMAT csv)"
    ).format(sql.SQL(", ").join(columns), sql.Identifier(table.name), mine)
    text = io.BytesIO()
    with connection.cursor().copy(statement, (*_of(table, series), _iso(start_us), _iso(end_us))) as copy:
        for block in copy:
            text.write(block)
    if text.tell() == 0:
        return None
    text.seek(0)
    types = {f.name: pa.int64() if f.type == TS else f.type for f in table.schema}
    rows = pa.csv.read_csv(
        text,
        pa.csv.ReadOptions(column_names=table.schema.names),
        convert_options=pa.csv.ConvertOptions(
            column_types=types,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    return rows.set_column(0, "ts", rows.column("ts").cast(TS)).cast(table.schema).combine_chunks()


def _delete(connection: psycopg.Connection[Any], table: Table, series: Series, gone: pa.Table) -> None:
    from psycopg import sql

    name = f"gone_{table.name}"
    connection.execute(
        sql.SQL("CREATE TEMPORARY TABLE IF NOT EXISTS {} (LIKE {}) ON COMMIT DROP").format(
            sql.Identifier(name), sql.Identifier(table.name)
        )
    )
    connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(name)))
    _copy(connection, table, name, series, gone)
    same = sql.SQL(" AND ").join(
        sql.SQL("kept.{0} = gone.{0}").format(sql.Identifier(column)) for column in (*keys(table), "ts", "seq")
    )
    connection.execute(
        sql.SQL("DELETE FROM {} AS kept USING {} AS gone WHERE {}").format(
            sql.Identifier(table.name), sql.Identifier(name), same
        )
    )


def _copy(connection: psycopg.Connection[Any], table: Table, into: str, series: Series, rows: pa.Table) -> None:
    """COPY of CSV that Arrow writes a block at a time: 1.6x as fast as rows in COPY's binary form made in Python."""
    from psycopg import sql

    names = [*keys(table), *table.schema.names]
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(into), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    whose = [pa.array([value]) for value in _of(table, series)]
    with connection.cursor().copy(statement) as copy:
        for batch in rows.to_batches(_COPY_ROWS):
            same = pa.array(np.zeros(batch.num_rows, np.int64))
            block = pa.record_batch([*(value.take(same) for value in whose), *batch.columns], names=names)
            text = io.BytesIO()
            # Quotes tell an empty text from NULL.
            pa.csv.write_csv(block, text, pa.csv.WriteOptions(include_header=False, quoting_style="all_valid"))
            copy.write(text.getvalue())


def _of(table: Table, series: Series) -> tuple[str, ...]:
    return series[1:] if table is OHLCV else series[1:3]


def _iso(us: int) -> str:
    return f"{np.datetime64(us, 'us')}Z"
