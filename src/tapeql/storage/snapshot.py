"""What the query side sees of a store: one unchanging snapshot with its parts and its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import pyarrow as pa

LIVE: Final = "live"
"""The folder of what a feed appends: rows of many symbols, to be merged and folded."""

PACKED: Final = "packed"
"""The folder of short stretches of many symbols that an import brought together, to stay as they are."""


def is_shared(path: str) -> bool:
    """Whether a file holds runs of several symbols."""
    return path.startswith((f"{LIVE}/", f"{PACKED}/"))


@dataclass(frozen=True, slots=True)
class Part:
    """A sorted run of stored rows of one symbol: a stretch of a file of the lake, or a UTC day of a database table.

    Parts of one (table, symbol, interval) may overlap in time only where a day was written more than once;
    `scan` merges them. `path` is the file, "" in a database. `min_us`, `max_us` are the first and last row's ts; of files
    in place that were not read yet they hold the rows, and only the first of all parts and the last end at one.
    `first_row` is where the run begins in its file, which may be shared with other symbols.
    """

    table: str
    venue: str
    code: str
    interval: str
    path: str
    min_us: int
    max_us: int
    rows: int
    first_row: int = 0

    @property
    def is_live(self) -> bool:
        """Whether a feed appended it, and nothing folded it yet."""
        return self.path.startswith(f"{LIVE}/")

    @property
    def is_shared(self) -> bool:
        """Whether its file holds other runs too."""
        return is_shared(self.path)


class Snapshot(Protocol):
    """A store at one moment. Reading the same snapshot twice gives the same rows, whatever is imported meanwhile."""

    @property
    def dialect(self) -> str:
        """The SQL that reads it in place: "duckdb" for files, "postgres" for a database."""
        ...

    @property
    def id(self) -> str:
        """Names the snapshot in result information, e.g. the manifest's number."""
        ...

    def symbols(self) -> Sequence[tuple[str, str]]:
        """All (venue, code) with ticks, quotes or ohlcv, sorted in byte order."""
        ...

    def parts(self, table: str, venue: str, code: str, interval: str = "") -> Sequence[Part]:
        """The parts of a table sorted by min_us; empty if nothing is stored. `interval` only for ohlcv."""
        ...

    def intervals(self, venue: str, code: str) -> Sequence[str]:
        """Stored candle intervals of a symbol, e.g. ("1m", "1h")."""
        ...

    def coverage(self, table: str, venue: str, code: str, interval: str = "") -> Sequence[tuple[int, int]]:
        """The stretches of time, half-open and sorted, in which the store has every row of a table there was.

        Candles are covered from their stamp to their end; those of a day or longer, which stand for dates, up to just
        behind the stamp of the last. What a feed declared missing is not covered.
        """
        ...

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
        """Rows with start_us <= ts < end_us in (ts, seq) order, only the named columns, in the order named.

        Batches are never empty, and have the types of the table; where texts need not be `spelled` out, those that
        repeat may be dictionaries. The lake yields at most one batch a file where files do not overlap.
        """
        ...
