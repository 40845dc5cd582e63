"""What every store offers: snapshots to read, transactions to write."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import pyarrow as pa

from tapeql.storage.merge import Merged
from tapeql.storage.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Commit:
    """What a transaction did, durable when you hold it.

    id         names the snapshot that first shows it
    added      rows that were not there
    present    rows that were there already
    replaced   known rows whose values changed, where a table replaces: candles, gaps
    differing  of the present ones: those whose id is known with another instant, or other numbers
    """

    id: str
    added: int = 0
    present: int = 0
    replaced: int = 0
    differing: int = 0


def summed(name: str, counts: Iterable[Merged]) -> Commit:
    """What several merges did, as one commit."""
    done = list(counts)
    return Commit(
        name,
        sum(m.added for m in done),
        sum(m.present for m in done),
        sum(m.replaced for m in done),
        sum(m.differing for m in done),
    )


def in_all(commits: Sequence[Commit]) -> Commit:
    """What several commits did, under the name of the last."""
    counts = [Merged(None, c.added, c.present, c.replaced, c.differing) for c in commits]
    return summed(commits[-1].id if commits else "", counts)


class Transaction(Protocol):
    """Rows on their way in: all become visible with `commit`, or none. A context manager; leaving it discards the rest."""

    def add(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "", source: str = "") -> None:
        """Takes rows in source order. `source` tells files apart, since overlapping files repeat rows and one file does not."""
        ...

    def add_pieces(
        self, table: str, rows: pa.Table, pieces: Sequence[tuple[str, str, str, int]], interval: str = ""
    ) -> None:
        """Takes rows of several symbols or sources, one after another: venue, code, source, and how many are theirs."""
        ...

    def commit(self) -> Commit: ...

    def close(self) -> None:
        """Discards what was not committed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


Fed = Mapping[tuple[str, str, str], pa.Table]
"""Rows by (table, venue, code), each with the columns of its table and `seq` given."""


class LiveWriter(Protocol):
    """The way in of a feed: small appends, several a second. One a process; its methods may be called from any thread."""

    @property
    def pace_s(self) -> float:
        """How long rows best gather between two appends: what one costs, whatever is in it, against what comes late."""
        ...

    def append(self, rows: Fed) -> Commit:
        """Adds rows, durable and visible to snapshots when this returns, those of all tables together.

        Known keys stay as stored, or are replaced where the table says so: appending again, in any order, changes
        nothing. A row whose (ts, seq) is taken by another gets the next free seq. DataError for rows no table can hold.
        """
        ...

    def seal(self, venue: str, before_day: int) -> int:
        """Folds what was appended to days of a venue before a UTC day (its number since 1970) into the files of imports.

        Returns how many partitions were folded. Rows may still be appended to them, for the next seal to fold.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


class Store(Protocol):
    """A lake or a database."""

    @property
    def name(self) -> str:
        """For messages: a path, or a URL without its password."""
        ...

    def snapshot(self) -> Snapshot:
        """The newest rows, unchanging from now on. Raises StoreError where nothing was ever written."""
        ...

    def begin(self) -> Transaction: ...

    def write(self, table: str, venue: str, code: str, rows: pa.Table, interval: str = "") -> Commit:
        """One transaction with one source."""
        ...

    def live(self) -> LiveWriter: ...

    def claim(self, feeds: Collection[str]) -> AbstractContextManager[None]:
        """The right to feed these into this store, against other collectors, as long as this process lives.

        Raises StoreError naming one that another has.
        """
        ...

    def last(self, table: str, venue: str, code: str, interval: str = "") -> dict[str, Any] | None:
        """The stored row with the largest (ts, seq), instants as integer microseconds; None where there is none."""
        ...

    def rows(self, table: str, venue: str, code: str, interval: str = "") -> pa.Table:
        """All rows of a symbol in (ts, seq) order: for tables with few, such as gaps."""
        ...
