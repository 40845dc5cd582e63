"""The way to stop a query: a flag its engine looks at, and a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tapeql import limits
from tapeql.errors import Cancelled, LimitError


class Stopping(Protocol):
    """What says that a query is to stop."""

    @property
    def cancelled(self) -> bool: ...


class Cancel:
    """Handed to an engine, which calls `check` between pieces of work; anyone may call `cancel`.

    deadline_s: seconds from now after which `check` raises LimitError; None for no deadline.
    whole: what this is a part of, which stops it too.
    """

    def __init__(self, deadline_s: float | None = limits.QUERY_DEADLINE_S, whole: Cancel | None = None) -> None:
        self._asked = threading.Event()
        self._deadline_s = deadline_s
        self._ends = None if deadline_s is None else time.monotonic() + deadline_s
        self._whole = whole

    def part(self) -> Cancel:
        """For a part of the work, which can also be stopped alone."""
        return Cancel(None, self)

    def cancel(self) -> None:
        self._asked.set()

    @property
    def cancelled(self) -> bool:
        return self._asked.is_set() or self.expired or (self._whole is not None and self._whole.cancelled)

    @property
    def expired(self) -> bool:
        return self._ends is not None and time.monotonic() > self._ends

    def check(self) -> None:
        if self._whole is not None:
            self._whole.check()
        if self._asked.is_set():
            raise Cancelled("the query was stopped before its end")
        if self.expired:
            raise LimitError(f"the query ran longer than {self._deadline_s:g} s", "QUERY_DEADLINE_S")


@contextmanager
def watched(stop: Callable[[], object], cancel: Stopping) -> Iterator[None]:
    """Calls `stop` again and again, from the moment the query is cancelled until the work inside has ended."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(limits.CANCEL_POLL_S):
            if cancel.cancelled:
                stop()

    watcher = threading.Thread(target=watch, name="tapeql-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
