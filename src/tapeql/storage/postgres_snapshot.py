"""A database at one moment: an exported snapshot that every reading connection joins."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import pyarrow as pa

from tapeql.errors import StoreError
from tapeql.storage.coverage import Span, coverage
from tapeql.storage.layout import partition_span, partition_unit, partitions
from tapeql.storage.postgres_tables import KINDS, present
from tapeql.storage.rows import instants, table_of
from tapeql.storage.schema import OHLCV, TABLES, Table
from tapeql.storage.snapshot import Part

if TYPE_CHECKING:
    import psycopg

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_FIRST_US: Final = -62_135_596_800_000_000
_LAST_US: Final = 253_402_300_799_999_999
_TRUNC: Final = {"D": "day", "M": "month", "Y": "year"}


class PostgresSnapshot:
    """Reads see one moment, over as many connections as are asked for. Close it: until then the database keeps old rows."""

    dialect: Final = "postgres"

    def __init__(self, url: str, name: str, speaking: Callable[[], AbstractContextManager[None]]) -> None:
        import psycopg

        self._url = url
        self._name = name
        self._speaking = speaking
        self._parts: dict[tuple[str, str, str, str], list[Part]] = {}
        self._symbols: list[tuple[str, str]] | None = None
        self._intervals: dict[tuple[str, str], list[str]] | None = None
        self._keeper: psycopg.Connection[Any] = psycopg.connect(url)
        try:
            self._keeper.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            self._exported, self.id = self._one("SELECT pg_export_snapshot(), pg_current_snapshot()::text")
            self._columns = present(self._keeper)
            if not any(table.queried for table in TABLES.values() if table.name in self._columns):
                raise StoreError(
                    f"there is no data in {name}. Fill it with: "
                    f"tapeql import trades FILE --symbol VENUE:CODE --store {name}"
                )
        except BaseException:
            self._keeper.close()
            raise

    def close(self) -> None:
        self._keeper.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        keeper = getattr(self, "_keeper", None)
        if keeper is not None and not keeper.closed:
            keeper.close()

    @contextmanager
    def connect(self) -> Iterator[Any]:
        """An ADBC connection of its own inside this snapshot, read only; parameters are written $1, $2 …"""
        from adbc_driver_postgresql import dbapi

        if not re.fullmatch(r"[0-9A-F-]+", self._exported):
            raise StoreError(f"{self._name} named its snapshot in an unknown way")
        # Without autocommit: with it, the driver commits, and so leaves the snapshot, when it binds an instant.
        with self._speaking(), dbapi.connect(self._url, autocommit=False) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                # The one statement that takes no parameters.
                cursor.execute(f"SET TRANSACTION SNAPSHOT '{self._exported}'")
            yield connection

    def symbols(self) -> list[tuple[str, str]]:
        if self._symbols is None:
            found: set[tuple[str, str]] = set()
            for table in (t for t in TABLES.values() if t.queried):
                found.update((venue, code) for venue, code, *_ in self._series(table))
            self._symbols = sorted(found)
        return self._symbols

    def intervals(self, venue: str, code: str) -> list[str]:
        """Stored candle intervals, in byte order."""
        if self._intervals is None:
            self._intervals = {}
            for stored_venue, stored_code, interval in self._series(OHLCV):
                self._intervals.setdefault((stored_venue, stored_code), []).append(interval)
        return sorted(self._intervals.get((venue, code), ()))

    def columns(self, table: str) -> frozenset[str]:
        """Those the table has; an older version may have made it with fewer than we know."""
        return self._columns.get(table, frozenset())

    def parts(self, table: str, venue: str, code: str, interval: str = "") -> list[Part]:
        series = (table, venue, code, interval)
        if table_of(table).name not in self._columns:
            return []
        if series not in self._parts:
            where, values = _mine(table_of(table), venue, code, interval, "%s")
            unit = _TRUNC[partition_unit(table, interval)]
            us = "(extract(epoch FROM {}(ts)) * 1000000)::bigint"
            with self._speaking():
                rows = self._keeper.execute(
                    f"SELECT {us.format('min')}, {us.format('max')}, count(*) FROM {table} WHERE {where} "
                    f"GROUP BY date_trunc('{unit}', ts AT TIME ZONE 'UTC') ORDER BY 1",
                    values,
                ).fetchall()
            self._parts[series] = [Part(*series, "", first, last, count) for first, last, count in rows]
        return self._parts[series]

    def coverage(self, table: str, venue: str, code: str, interval: str = "") -> list[Span]:
        return coverage(self, table, venue, code, interval)

    def scan(
        self,
        table: str,
        venue: str,
        code: str,
        start_us: int,
        end_us: int,
        columns: Sequence[str],
        interval: str = "",
        spelled: bool = True,
    ) -> Iterator[pa.RecordBatch]:
        """A day (of candles, a month or a year) at a time, since a driver keeps the whole answer to a question with parameters."""
        schema = table_of(table)
        wanted = pa.schema([schema.schema.field(name) for name in columns])
        needed = list(columns) or ["seq"]
        start_us, end_us = max(start_us, _FIRST_US), min(end_us, _LAST_US)
        where, values = _mine(schema, venue, code, interval, "${}")
        n = len(values)
        there = self._columns.get(table, frozenset())
        listed = [
            _quoted(name) if name in there else f"NULL::{KINDS[schema.schema.field(name).type]} AS {_quoted(name)}"
            for name in needed
        ]
        first = f"SELECT min(ts) AS ts FROM {table} WHERE {where} AND ts >= ${n + 1} AND ts < ${n + 2}"
        rows = (
            f"SELECT {', '.join(listed)} FROM {table} "
            f"WHERE {where} AND ts >= ${n + 1} AND ts < ${n + 2} ORDER BY ts, seq"
        )
        if start_us >= end_us or not there:
            return
        with self.connect() as connection, connection.cursor() as cursor:
            while start_us < end_us:
                cursor.execute(first, (*values, _moment(start_us), _moment(end_us)))
                at = instants(cursor.fetch_arrow_table().drop_null())
                if not len(at):
                    return
                number = int(partitions(table, interval, at)[0])
                until = min(partition_span(table, interval, number)[1], end_us)
                cursor.execute(rows, (*values, _moment(int(at[0])), _moment(until)))
                for batch in cursor.fetch_record_batch():
                    if batch.num_rows:
                        arrays = [batch.column(i).cast(wanted.field(i).type) for i in range(len(columns))]
                        yield pa.RecordBatch.from_arrays(arrays, schema=wanted)
                start_us = until

    def _one(self, statement: str, *values: str) -> tuple[Any, ...]:
        row: tuple[Any, ...] | None = self._keeper.execute(statement, values or None).fetchone()
        assert row is not None
        return row

    def _series(self, table: Table) -> list[tuple[str, ...]]:
        """Whose rows a table holds, found by leaping through its index instead of reading it."""
        names = ("venue", "symbol", "interval") if table is OHLCV else ("venue", "symbol")
        if table.name not in self._columns:
            return []
        listed = ", ".join(_quoted(name) for name in names)
        last = ", ".join(f"s.{_quoted(name)}" for name in names)
        with self._speaking():
            return self._keeper.execute(
                f"WITH RECURSIVE s AS ((SELECT {listed} FROM {table.name} ORDER BY {listed} LIMIT 1) UNION ALL "
                f"SELECT n.* FROM s CROSS JOIN LATERAL (SELECT {listed} FROM {table.name} t "
                f"WHERE ({', '.join(f't.{_quoted(name)}' for name in names)}) > ({last}) "
                f"ORDER BY {listed} LIMIT 1) n) SELECT * FROM s"
            ).fetchall()


def _mine(table: Table, venue: str, code: str, interval: str, mark: str) -> tuple[str, tuple[str, ...]]:
    names = ("venue", "symbol", "interval") if table is OHLCV else ("venue", "symbol")
    values = (venue, code, interval) if table is OHLCV else (venue, code)
    return " AND ".join(f"{_quoted(name)} = {mark.format(i)}" for i, name in enumerate(names, 1)), values


def _quoted(name: str) -> str:
    """Names come from our schema; some of them (open, close, interval) are words of SQL."""
    return f'"{name}"'


def _moment(us: int) -> dt.datetime:
    return _EPOCH + dt.timedelta(microseconds=us)
