"""What the kernels of one query share: the snapshot, the clock, the way to stop, and what they count."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pyarrow as pa

from tapeql import limits
from tapeql.cancel import Cancel
from tapeql.kernels.ahead import ahead
from tapeql.storage.snapshot import Snapshot

T = TypeVar("T")


def _no_plans(plan: object) -> Iterator[pa.RecordBatch]:
    raise AssertionError("a context that answers no plans")


@dataclass(frozen=True, slots=True)
class Context:
    """rows_for     (symbol, function, rows it needs at least) → the most rows it has had
    memory       bytes of rows it may hold to see them together
    reads_ahead  rows are read while others are worked on; of no use where slices share the processors already
    answer       runs a plan that an operator needs the result of
    """

    snapshot: Snapshot
    now_us: int
    cancel: Cancel
    counts: Counter[str] = field(default_factory=Counter)
    rows_for: dict[tuple[str, str, int], int] = field(default_factory=dict)
    memory: int = limits.QUERY_MEMORY_BYTES
    reads_ahead: bool = True
    answer: Callable[[Any], Iterator[pa.RecordBatch]] = _no_plans
    _known: dict[int, tuple[object, Any]] = field(default_factory=dict)
    _turns: dict[int, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str, number: int) -> None:
        """Something worth telling happened so often."""
        with self._lock:
            self.counts[what] += number

    def had_rows(self, symbol: str, function: str, needed: int, rows: int) -> None:
        """A slice of a symbol had so many rows for a function, those before it included."""
        with self._lock:
            key = (symbol, function, needed)
            self.rows_for[key] = max(self.rows_for.get(key, 0), rows)

    def once(self, about: object, find: Callable[[], T]) -> T:
        """What `find` finds for an operator, the first time; it is the same for every symbol."""
        with self._lock:
            turn = self._turns.setdefault(id(about), threading.Lock())
        with turn:  # of its own: what is being found may itself ask for what is found once
            if id(about) not in self._known:
                self._known[id(about)] = (about, find())
            found: T = self._known[id(about)][1]
            return found

    def scan(
        self,
        table: str,
        venue: str,
        code: str,
        start_us: int,
        end_us: int,
        columns: Sequence[str],
        interval: str = "",
    ) -> Iterator[pa.RecordBatch]:
        """The stored rows of [start, end) that were there before now: what comes later is not known yet."""
        end_us = min(end_us, self.now_us)
        found = self.snapshot.scan(table, venue, code, start_us, end_us, columns, interval, spelled=False)
        return ahead(found) if self.reads_ahead else found
