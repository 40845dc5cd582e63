"""Parquet files asked where they lie, of which only the row groups are read that a question needs.

Their statistics say which partitions of the lake a row group has rows for. A partition is put together when it is first
asked for, from all row groups that have some, by the code and the rules of an import: its rows are those it would have
if everything had been read.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from tapeql.errors import DataError
from tapeql.limits import IN_PLACE_AHEAD_ROWS, IN_PLACE_BYTES
from tapeql.storage.importers.extents import Extent, extents
from tapeql.storage.importers.packed import BROKEN, Packed
from tapeql.storage.importers.parquet import ParquetSource
from tapeql.storage.importers.recognise import Taken, Unsaid, recognise
from tapeql.storage.importers.shown import shown
from tapeql.storage.importers.source import RawBatch
from tapeql.storage.importers.wishes import Wishes, checked_symbol
from tapeql.storage.layout import Series, partition_span, partitions
from tapeql.storage.rows import instants
from tapeql.storage.run_files import RunFile
from tapeql.storage.schema import TABLES
from tapeql.storage.snapshot import Part
from tapeql.storage.tables import Gathering, Run, Tables
from tapeql.storage.taking import File, Tally, add_rows, cover, named, readable

_MANY_PARTITIONS = 100_000
"""Where so few rows are in so many of them, statistics save nothing."""


@dataclass(frozen=True, slots=True)
class _Holding:
    """What a file holds of a series, and the name by which its rows are told from other files'."""

    path: Path
    state: tuple[int, int]
    taken: Taken
    name: str
    extents: Sequence[Extent]

    def add(self, low_us: int, high_us: int, series: Series, gathering: _Stretch, tally: Tally) -> None:
        """The rows from one instant to another. Raises DataError for rows that cannot be used."""
        asked = [e for e in self.extents if e.first_us < high_us and e.last_us >= low_us]
        if not asked:
            return
        if _state(self.path) != self.state:
            raise DataError(f"{shown(self.path)} has changed while it was asked: ask again")
        packed = Packed(self.path)
        source = ParquetSource(packed)
        if len(self.extents) > 1:
            gathering.goes_forward(series, self.name)
        with readable(source):
            taken = replace(self.taken, reading=self.taken.reading.anew())
            file = File(taken, source.label)
            batches = self._batches(source, asked)
            add_rows(source, batches, file, Wishes(), gathering, self.name, None, tally, lambda _: None)

    def _batches(self, source: ParquetSource, asked: Sequence[Extent]) -> Iterator[RawBatch]:
        return source.of_groups([extent.group for extent in asked], self.taken.columns)


class _Stretch(Gathering):
    """Rows from one instant to another; others are left out."""

    def __init__(self, low_us: int, high_us: int) -> None:
        super().__init__()
        self._low_us, self._high_us = low_us, high_us

    def add(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "", source: str = "") -> None:
        ts = instants(rows)
        inside = (ts >= self._low_us) & (ts < self._high_us)
        super().add(table, venue, code, rows if inside.all() else rows.filter(pa.array(inside)), interval, source)


class _Memory:
    """Partitions that were read, the least used of them forgotten where they become too many."""

    def __init__(self) -> None:
        self._rows: OrderedDict[tuple[Series, int], pa.Table] = OrderedDict()
        self._lock = threading.Lock()
        self.nbytes = 0

    def get(self, key: tuple[Series, int]) -> pa.Table | None:
        with self._lock:
            if key in self._rows:
                self._rows.move_to_end(key)
            return self._rows.get(key)

    def keep(self, key: tuple[Series, int], rows: pa.Table) -> None:
        with self._lock:
            self._rows[key] = rows
            self.nbytes += rows.nbytes
            while self.nbytes > IN_PLACE_BYTES and len(self._rows) > 1:
                self.nbytes -= self._rows.popitem(last=False)[1].nbytes


@dataclass(slots=True)
class Shelf:
    """What files hold of a series, by partition."""

    series: Series
    memory: _Memory
    holdings: list[_Holding] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _rows: dict[int, int] = field(default_factory=dict)
    """About how many rows each partition has."""

    def parts(self) -> Mapping[int, Part]:
        """A part for each partition that may have rows."""
        table, _, _, interval = self.series
        found: dict[int, list[tuple[int, int, float]]] = {}
        for extent in (extent for holding in self.holdings for extent in holding.extents):
            length = extent.last_us - extent.first_us + 1
            first, last = partitions(table, interval, np.array([extent.first_us, extent.last_us])).tolist()
            for number in range(first, last + 1):
                start, end = partition_span(table, interval, number)
                low, high = max(start, extent.first_us), min(end - 1, extent.last_us)
                found.setdefault(number, []).append((low, high, extent.rows * (high - low + 1) / length))
        self._rows = {number: max(int(sum(rows for *_, rows in told)), 1) for number, told in sorted(found.items())}
        return {
            number: Part(*self.series, "memory", min(low for low, *_ in told), max(high for _, high, _ in told), rows)
            for (number, rows), told in zip(self._rows.items(), (found[n] for n in self._rows), strict=True)
        }

    def rows(self, number: int, until_us: int) -> pa.Table:
        """The rows of a partition; those up to an instant behind it may be read at the same time."""
        with self._lock:
            rows = self.memory.get((self.series, number))
            return rows if rows is not None else self._read(number, until_us)

    def _read(self, number: int, until_us: int) -> pa.Table:
        table, _, _, interval = self.series
        last, rows = number, self._rows[number]
        while True:
            rows += self._rows.get(last + 1, 0)
            start, _ = partition_span(table, interval, last + 1)
            if rows > IN_PLACE_AHEAD_ROWS or start >= until_us or last + 1 not in self._rows:
                break
            last += 1
        low, high = partition_span(table, interval, number)[0], partition_span(table, interval, last)[1]
        with _Stretch(low, high) as gathering:
            tally = Tally()
            for holding in self.holdings:
                holding.add(low, high, self.series, gathering, tally)
            if tally.refusals.count:
                raise DataError(
                    f"{tally.refusals.count:,} rows cannot be used; `tapeql import --quarantine FILE` sets them aside\n"
                    f"{tally.refusals.summary()}"
                )
            gathering.commit()
        nothing = TABLES[table].schema.empty_table()
        for each in range(number, last + 1):
            run = gathering.tables.run(self.series, each)
            self.memory.keep((self.series, each), nothing if run is None else run.rows())
        run = gathering.tables.run(self.series, number)
        return nothing if run is None else run.rows()


class Deferred(Run):
    """The rows of a partition that are read when they are asked for."""

    def __init__(self, shelf: Shelf, number: int, part: Part) -> None:
        self._shelf, self._number = shelf, number
        self.part = part
        self.file = RunFile(self.rows)

    def rows(self, until_us: int | None = None) -> pa.Table:
        return self._shelf.rows(self._number, self.part.max_us + 1 if until_us is None else until_us)

    @property
    def nbytes(self) -> int:
        rows = self._shelf.memory.get((self._shelf.series, self._number))
        return 0 if rows is None else rows.nbytes


def deferred(found: Sequence[Path], wishes: Wishes, check: Callable[[], None]) -> tuple[Tables, Tally] | None:
    """What files hold that need not be read whole; None where they must be, or are too small for it to matter.

    Raises DataError for what cannot be taken.
    """
    shelves: dict[Series, Shelf] = {}
    memory, tally, groups = _Memory(), Tally(), 0
    for number, path in enumerate(found):
        check()
        state = _state(path)
        source = _parquet(path)
        if source is None:
            return None
        try:
            with readable(source):
                taken = recognise(source, wishes)
                told = extents(source, taken)
        except Unsaid:
            return None  # asked with what others do not say
        if not told:
            return None
        groups += len(told)
        file = File(taken, source.label)
        tally.files.append(file)
        for code in dict.fromkeys(extent.code for extent in told):
            mine = [extent for extent in told if extent.code == code]
            whose = named(taken.venue, code) if "symbol" in taken.places else checked_symbol(taken.venue, code)
            target = (taken.kind.table.name, *whose, "")
            file.spans[target] = mine[0].first_us, mine[-1].last_us
            shelf = shelves.setdefault(target, Shelf(target, memory))
            shelf.holdings.append(_Holding(path, state, taken, str(number), mine))
    if groups < 2:
        return None
    with Gathering() as gathering:
        cover(tally, gathering)
        gathering.commit()
    runs = {}
    for series, shelf in shelves.items():
        parts = shelf.parts()
        if len(parts) > _MANY_PARTITIONS:
            return None
        runs[series] = {number: Deferred(shelf, number, part) for number, part in parts.items()}
    return gathering.tables.beside(runs), tally


def _parquet(path: Path) -> ParquetSource | None:
    """A plain Parquet file as its source; None for another file."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PAR1":
                return None
        return ParquetSource(Packed(path))
    except (OSError, *BROKEN):
        return None  # told where it is read


def _state(path: Path) -> tuple[int, int]:
    try:
        known = path.stat()
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read: {error.strerror}") from error
    return known.st_size, known.st_mtime_ns
