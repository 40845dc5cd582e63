"""Queries that compute at the same time are few; all get their turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pyarrow as pa
import pytest

from tapeql.cancel import Cancel
from tapeql.errors import Cancelled
from tapeql.serve.turns import Turns

BATCH = pa.record_batch({"n": [1]})


class Work:
    """Streams of batches that note how many are computed at a time."""

    def __init__(self) -> None:
        self.now, self.most = 0, 0
        self._lock = threading.Lock()

    def batches(self, count: int) -> Iterator[pa.RecordBatch]:
        for _ in range(count):
            with self._lock:
                self.now += 1
                self.most = max(self.most, self.now)
            time.sleep(0.002)
            with self._lock:
                self.now -= 1
            yield BATCH


def test_all_come_to_their_end_and_few_at_a_time() -> None:
    turns, work = Turns(at_once=3), Work()
    rows: list[int] = []

    def ask() -> None:
        rows.append(sum(batch.num_rows for batch in turns.taken(work.batches(5), Cancel())))

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert rows == [5] * 30
    assert work.most == 3


def test_one_that_is_read_slowly_holds_nobody_up() -> None:
    turns, work = Turns(at_once=1), Work()
    slow = turns.taken(work.batches(3), Cancel())
    next(slow)
    assert len(list(turns.taken(work.batches(3), Cancel()))) == 3
    assert len(list(slow)) == 2


def test_one_that_waits_can_be_stopped_and_takes_no_turn_with_it() -> None:
    turns, work, cancel = Turns(at_once=1), Work(), Cancel()
    begun, go_on = threading.Event(), threading.Event()

    def long() -> Iterator[pa.RecordBatch]:
        begun.set()
        go_on.wait(10)
        yield BATCH

    busy = threading.Thread(target=lambda: list(turns.taken(long(), Cancel())))
    busy.start()
    begun.wait(10)
    threading.Timer(0.1, cancel.cancel).start()
    with pytest.raises(Cancelled):
        list(turns.taken(work.batches(1), cancel))
    go_on.set()
    busy.join(10)
    assert len(list(turns.taken(work.batches(4), Cancel()))) == 4


def test_an_error_gives_the_turn_back() -> None:
    turns = Turns(at_once=1)

    def broken() -> Iterator[pa.RecordBatch]:
        yield BATCH
        raise ValueError

    for _ in range(3):
        with pytest.raises(ValueError):
            list(turns.taken(broken(), Cancel()))
    assert len(list(turns.taken(Work().batches(2), Cancel()))) == 2
