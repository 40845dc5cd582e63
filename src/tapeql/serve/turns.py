"""Queries take turns: few compute at a time, so that many at once need the memory of few and none is forgotten."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator

import pyarrow as pa

from tapeql import limits
from tapeql.cancel import Cancel


class Turns:
    """Turns in order of asking; those that go on and those that begin come alternately, where both wait.

    A turn lasts while one batch is computed, never while it is sent: a client that reads slowly holds nobody up.
    """

    def __init__(self, at_once: int = limits.QUERIES_AT_ONCE) -> None:
        self._free = at_once
        self._lock = threading.Lock()
        self._beginning: deque[threading.Event] = deque()
        self._going_on: deque[threading.Event] = deque()
        self._began_last = False

    def taken(self, batches: Iterator[pa.RecordBatch], cancel: Cancel) -> Iterator[pa.RecordBatch]:
        """The batches, each computed in a turn. Raises what `cancel` does where it stops a query that waits."""
        waiting = self._beginning
        try:
            while True:
                self._take(waiting, cancel)
                try:
                    batch = next(batches, None)
                finally:
                    self._pass()
                if batch is None:
                    return
                yield batch
                waiting = self._going_on
        finally:
            close = getattr(batches, "close", None)
            if close is not None:
                close()

    def _take(self, waiting: deque[threading.Event], cancel: Cancel) -> None:
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Event()
            waiting.append(mine)
        while not mine.wait(limits.CANCEL_POLL_S):
            if cancel.cancelled and self._left(waiting, mine):
                cancel.check()

    def _left(self, waiting: deque[threading.Event], mine: threading.Event) -> bool:
        """Whether it still waited; else it has its turn."""
        with self._lock:
            if mine.is_set():
                return False
            waiting.remove(mine)
            return True

    def _pass(self) -> None:
        with self._lock:
            first, second = (self._going_on, self._beginning) if self._began_last else (self._beginning, self._going_on)
            queue = first or second
            if queue:
                self._began_last = queue is self._beginning
                queue.popleft().set()
            else:
                self._free += 1
