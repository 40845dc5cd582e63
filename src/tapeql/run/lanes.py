"""Slices side by side on threads; their batches come out in the order of the slices."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import pyarrow as pa

from tapeql import limits
from tapeql.cancel import Cancel

_LOOK_AGAIN_S = 0.05

Slice = Callable[[], Iterator[pa.RecordBatch]]


def in_order(slices: Sequence[Slice], threads: int, cancel: Cancel) -> Iterator[pa.RecordBatch]:
    """The batches of the first slice, then of the second, …: computed on so many threads.

    Threads start when a second batch is asked for, so a short answer costs what it costs on one. Each slice may be ahead by
    SLICE_AHEAD_BYTES, those of all queries together by SLICES_AHEAD_BYTES, and any by one batch. When nobody asks any more, `cancel`, which the slices look at, stops them.
    """
    if threads <= 1 or len(slices) <= 1:
        for slice in slices:
            yield from slice()
        return
    first = slices[0]()
    yield from _some(first)
    lanes = [_Lane(lambda: first), *(_Lane(slice) for slice in slices[1:])]
    workers = _Workers(lanes, threads)
    try:
        for lane in lanes:
            yield from lane.batches()
            workers.passed()
    finally:
        cancel.cancel()
        workers.stop()


def _some(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The first batch, if there is one."""
    batch = next(batches, None)
    if batch is not None:
        yield batch


class _Lane:
    """The batches of one slice between the thread that computes them and the one that wants them."""

    def __init__(self, slice: Slice) -> None:
        self._slice = slice
        self._changed = threading.Condition()
        self._ready: deque[pa.RecordBatch] = deque()
        self._bytes = 0
        self._ended = False
        self._error: BaseException | None = None
        self._unwanted = False

    def compute(self) -> None:
        """Runs the slice; waits while it is too far ahead."""
        try:
            for batch in self._slice():
                with self._changed:
                    while self._ready and self._is_far_ahead() and not self._unwanted:
                        self._changed.wait(_LOOK_AGAIN_S)  # others may make room meanwhile
                    if self._unwanted:
                        return
                    self._ready.append(batch)
                    self._hold(batch.nbytes)
                    self._changed.notify_all()
        except BaseException as error:
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def batches(self) -> Iterator[pa.RecordBatch]:
        while True:
            with self._changed:
                while not self._ready and not self._ended:
                    self._changed.wait()
                if not self._ready:
                    break
                batch = self._ready.popleft()
                self._hold(-batch.nbytes)
                self._changed.notify_all()
            yield batch
        if self._error is not None:
            raise self._error

    def leave(self) -> None:
        """Nobody wants the rest."""
        with self._changed:
            self._unwanted = True
            self._ready.clear()
            self._hold(-self._bytes)
            self._changed.notify_all()

    def _is_far_ahead(self) -> bool:
        return self._bytes > limits.SLICE_AHEAD_BYTES or _held.bytes > limits.SLICES_AHEAD_BYTES

    def _hold(self, nbytes: int) -> None:
        self._bytes += nbytes
        _held.add(nbytes)


class _Held:
    """What the lanes of all queries hold."""

    def __init__(self) -> None:
        self.bytes = 0
        self._turn = threading.Lock()

    def add(self, nbytes: int) -> None:
        with self._turn:
            self.bytes += nbytes


_held = _Held()


class _Workers:
    """Threads that take lanes in order, few ahead of the one that is read."""

    def __init__(self, lanes: Sequence[_Lane], threads: int) -> None:
        self._lanes = lanes
        self._next = 0
        self._free = threading.Semaphore(2 * threads)
        self._turn = threading.Lock()
        self._stopped = False
        self._threads = [
            threading.Thread(target=self._work, name="tapeql-slice", daemon=True)
            for _ in range(min(threads, len(lanes)))
        ]
        for thread in self._threads:
            thread.start()

    def passed(self) -> None:
        """A lane has been read to its end."""
        self._free.release()

    def stop(self) -> None:
        """Waits for the threads, which end where they look whether they are still wanted."""
        self._stopped = True
        for lane in self._lanes:
            lane.leave()
        for _ in self._threads:
            self._free.release()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            self._free.acquire()
            with self._turn:
                if self._stopped or self._next == len(self._lanes):
                    self._free.release()
                    return
                lane = self._lanes[self._next]
                self._next += 1
            lane.compute()
