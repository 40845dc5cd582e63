"""A recorded tape put into real stores, and every engine that can be asked about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

import tapeql
from tapeql.errors import QueryError
from tapeql.language.parse import parse
from tapeql.query.settings import Settings
from tapeql.storage.schema import TABLES
from tapeql.storage.snapshot import Snapshot
from tapeql.storage.store import Store
from tapeql.storage.stores import open_store
from tapeql.words.resolve import resolve
from tests.oracle.answer import answer
from tests.oracle.bars import NothingNests, NoTrades
from tests.oracle.tape import Recorded, Row, Tape
from tests.understood import Understood

Rows = list[tuple[Any, ...]]
FOREVER_US = 2**60


@dataclass(frozen=True, slots=True)
class Refused:
    """An error instead of rows; two refusals with the same codes agree."""

    codes: tuple[str, ...]


Answer = Rows | Refused


@dataclass(frozen=True, slots=True)
class Shelf:
    """One tape with its oracle and its engines by name, each a function from text to answer."""

    tape: Tape
    snapshot: Snapshot
    engines: dict[str, Callable[[str], Answer]]

    def query(self, text: str) -> Understood:
        """The text understood; raises QueryError."""
        (statement,) = parse(text).statements
        return Understood(resolve(statement, self.snapshot, Settings(), {}, self.tape.now_us, text))

    def oracle(self, text: str) -> Answer:
        try:
            return answer(self.query(text), self.tape)
        except QueryError as error:
            return Refused(codes(error))
        except NothingNests:
            return Refused(("E402",))
        except NoTrades:
            return Refused(("E405",))


@contextmanager
def shelf(tape: Tape, folder: Path, postgres: str | None) -> Iterator[Shelf]:
    """Writes the tape into a new lake under `folder` and, if given its URL, into an empty database."""
    lake = open_store(str(folder))
    write(tape, lake)
    stored = as_stored(tape, lake.snapshot())
    with tapeql.connect(folder, now=tape.now_us) as kernels, tapeql.connect(folder, now=tape.now_us) as sql:
        engines = {"kernels": asker(kernels), "sql": asker(sql, "SET engine = sql; ")}
        if postgres is None:
            yield Shelf(stored, lake.snapshot(), engines)
            return
        write(tape, open_store(postgres))
        with tapeql.connect(postgres, now=tape.now_us) as database:
            yield Shelf(stored, lake.snapshot(), {**engines, "postgres": asker(database)})


def asker(database: Any, prefix: str = "") -> Callable[[str], Answer]:
    def ask(text: str) -> Answer:
        try:
            return rows_of(database.query(prefix + text))
        except QueryError as error:
            return Refused(codes(error))
        except Exception as crash:  # our own bug: it is told as a difference, with the query that made it
            return Refused((f"{type(crash).__name__}: {crash}",))

    return ask


def codes(error: QueryError) -> tuple[str, ...]:
    return tuple(sorted(d.code for d in error.diagnostics if d.is_error))


def rows_of(table: pa.Table) -> Rows:
    """Plain tuples: instants, times and durations in microseconds, dates in days, NULL as None."""

    def plain(column: pa.ChunkedArray) -> list[Any]:
        if pa.types.is_timestamp(column.type):
            return column.cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]
        if pa.types.is_date32(column.type):
            return column.cast(pa.int32()).to_pylist()  # type: ignore[no-any-return]
        if pa.types.is_time(column.type) or pa.types.is_duration(column.type):
            return column.cast(pa.int64()).to_pylist()  # type: ignore[no-any-return]
        return column.to_pylist()  # type: ignore[no-any-return]

    return list(zip(*map(plain, table.columns), strict=True))


# ── in and out of a store ─────────────────────────────────────────────────────────────────────────────────────────────


def write(tape: Tape, store: Store) -> None:
    with store.begin() as transaction:
        for (venue, code), recorded in sorted(tape.symbols.items()):
            for name, interval, rows in tables_of(recorded):
                if rows:
                    transaction.add(name, venue, code, arrow(name, rows), interval)
        transaction.commit()


def tables_of(recorded: Recorded) -> list[tuple[str, str, list[Row]]]:
    candles = [("ohlcv", interval, rows) for interval, rows in recorded.candles.items()]
    return [("ticks", "", recorded.trades), ("quotes", "", recorded.quotes), *candles]


def arrow(name: str, rows: list[Row]) -> pa.Table:
    """Rows in source order, without `seq`, which the store gives."""
    fields = [field for field in TABLES[name].schema if field.name != "seq"]
    return pa.table(
        [
            pa.array([row.get(f.name) for row in rows], pa.int64() if f.name == "ts" else f.type).cast(f.type)
            for f in fields
        ],
        names=[f.name for f in fields],
    )


def as_stored(tape: Tape, snapshot: Snapshot) -> Tape:
    """The same tape with the `seq` the store gave each row; everything else must have come back as it went in."""

    def scanned(name: str, venue: str, code: str, interval: str, rows: list[Row]) -> list[Row]:
        # What only a feed gives is not in a recording.
        columns = [column for column in TABLES[name].schema.names if column == "seq" or (rows and column in rows[0])]
        batches = snapshot.scan(name, venue, code, 0, FOREVER_US, columns, interval) if rows else ()
        found = [
            dict(zip(columns, row, strict=True)) for batch in batches for row in rows_of(pa.Table.from_batches([batch]))
        ]
        assert [row | {"seq": 0} for row in found] == [row | {"seq": 0} for row in rows], (name, venue, code)
        return found

    symbols = {}
    for (venue, code), recorded in tape.symbols.items():
        back = {
            (name, interval): scanned(name, venue, code, interval, rows) for name, interval, rows in tables_of(recorded)
        }
        symbols[venue, code] = Recorded(
            back["ticks", ""], back["quotes", ""], {i: back["ohlcv", i] for i in recorded.candles}
        )
    return replace(tape, symbols=symbols)
