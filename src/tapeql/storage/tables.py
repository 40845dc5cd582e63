"""A store in memory, written once: what files and tables hold that are asked where they lie.

Rows go through the rules of `tapeql.storage.merge` by the partitions of the lake, so they are the rows an import would keep.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import pyarrow as pa

from tapeql.errors import LimitError
from tapeql.limits import IN_PLACE_BYTES
from tapeql.storage.coverage import Span, coverage
from tapeql.storage.layout import Series
from tapeql.storage.merge import Merged, merge
from tapeql.storage.rows import instants
from tapeql.storage.run_files import RunFile
from tapeql.storage.schema import COVERAGE, TABLES
from tapeql.storage.snapshot import Part
from tapeql.storage.staged import Staged
from tapeql.storage.staging import Piece, Staging
from tapeql.storage.store import Commit, summed

_numbers = itertools.count(1)


class Run(Protocol):
    """The sorted rows of a partition, and their file once an engine wants one."""

    part: Part
    file: RunFile

    def rows(self, until_us: int | None = None) -> pa.Table:
        """The rows; more will be asked for up to this instant."""
        ...

    @property
    def nbytes(self) -> int:
        """Of the rows that are in memory."""
        ...


class Kept(Run):
    """Rows in memory."""

    def __init__(self, series: Series, rows: pa.Table) -> None:
        ts = instants(rows)
        self._rows = rows
        self.part = Part(*series, "memory", int(ts[0]), int(ts[-1]), rows.num_rows)
        self.file = RunFile(self.rows)

    def rows(self, until_us: int | None = None) -> pa.Table:
        return self._rows

    @property
    def nbytes(self) -> int:
        return int(self._rows.nbytes)


Runs = Mapping[Series, Mapping[int, Run]]
"""The runs of each series by the number of their partition."""


class Tables:
    """A snapshot of rows in memory."""

    dialect: Final = "duckdb"

    def __init__(self, runs: Runs) -> None:
        self.id = f"memory-{next(_numbers)}"
        self._runs = {series: dict(sorted(found.items())) for series, found in runs.items()}

    @property
    def nbytes(self) -> int:
        return sum(run.nbytes for found in self._runs.values() for run in found.values())

    def symbols(self) -> list[tuple[str, str]]:
        return sorted({(venue, code) for table, venue, code, _ in self._runs if TABLES[table].queried})

    def parts(self, table: str, venue: str, code: str, interval: str = "") -> tuple[Part, ...]:
        return tuple(run.part for run in self._of((table, venue, code, interval)))

    def intervals(self, venue: str, code: str) -> list[str]:
        return sorted(series[3] for series in self._runs if series[:3] == ("ohlcv", venue, code))

    def coverage(self, table: str, venue: str, code: str, interval: str = "") -> list[Span]:
        return coverage(self, table, venue, code, interval)

    def file(self, part: Part) -> Path:
        """Where a part lies on disk, for engines that read files."""
        runs = self._of((part.table, part.venue, part.code, part.interval))
        return next(run for run in runs if run.part.min_us == part.min_us).file.path()

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
        for run in self._of((table, venue, code, interval)):
            if run.part.min_us >= end_us or run.part.max_us < start_us:
                continue
            rows = run.rows(end_us)
            first, last = np.searchsorted(instants(rows), [start_us, end_us]).tolist()
            if first < last:
                yield from rows.slice(first, last - first).select(list(columns)).to_batches()

    def run(self, series: Series, number: int) -> Run | None:
        """A partition of a series; None where it has no rows."""
        return self._runs.get(series, {}).get(number)

    def beside(self, runs: Runs) -> Tables:
        """These rows and those of other series."""
        return Tables({**self._runs, **runs})

    def _of(self, series: Series) -> list[Run]:
        return list(self._runs.get(series, {}).values())


NOTHING: Final = Tables({})
"""What is stored where there is no store."""


def joined(several: Sequence[Tables]) -> Tables:
    """All of them as one; rows of one series are merged as if one file was imported after the other."""
    if len(several) < 2:
        return several[0] if several else NOTHING
    runs: dict[Series, dict[int, Run]] = {}
    for tables in several:
        for series, found in tables._runs.items():
            known = runs.setdefault(series, {})
            for number, run in found.items():
                known[number] = _both(series, known[number], run) if number in known else run
    return Tables(runs)


def _both(series: Series, one: Run, other: Run) -> Run:
    rows = one.rows()
    if not rows.num_rows:
        return other
    merged = merge(TABLES[series[0]], rows, [other.rows()])
    return one if merged.rows is None else Kept(series, merged.rows)


class Gathering(Staged):
    """A transaction whose commit is `tables`. `backwards` are series of which a source had rows behind later ones."""

    def __init__(self) -> None:
        super().__init__(Staging(Path(os.devnull), spill_bytes=IN_PLACE_BYTES))  # never full: `_stage` refuses first
        self.tables = Tables({})
        self.backwards: set[Series] = set()
        self._bytes = 0
        self._last: dict[tuple[Series, str], int] = {}

    def _stage(self, rows: pa.Table, pieces: Sequence[Piece]) -> None:
        self._bytes += rows.nbytes
        if self._bytes > IN_PLACE_BYTES:
            raise LimitError(
                f"rows asked where they lie stay in memory, and these are more than {IN_PLACE_BYTES >> 20:,} MB: "
                "import them, and ask the lake",
                "IN_PLACE_BYTES",
            )
        ts, start = instants(rows), 0
        for series, source, count in pieces:
            if count:
                mine = ts[start : start + count]
                if (np.diff(mine, prepend=self._last.get((series, source), int(mine[0]))) < 0).any():
                    self.backwards.add(series)
                self._last[series, source] = int(mine[-1])
            start += count
        super()._stage(rows, pieces)

    def goes_forward(self, series: Series, source: str) -> None:
        """A source that is known to go forward in time, though not all of it may be added."""
        self._staging.goes_forward(series, source)

    def commit(self) -> Commit:
        runs: dict[Series, dict[int, Run]] = {}
        counts: list[Merged] = []
        for series, partition in self._staging.places():
            table = TABLES[series[0]]
            merged = merge(table, None, self._staging.sources((series, partition)))
            if table is not COVERAGE:
                counts.append(merged.counted)
            if merged.rows is not None:
                runs.setdefault(series, {})[partition] = Kept(series, merged.rows)
        self.tables = Tables(runs)
        return summed(self.tables.id, counts)
