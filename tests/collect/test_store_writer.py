"""From the journal to the store, where something goes wrong: the disk, one file, the store, our own code."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tapeql.collect.clock import steady_clock
from tapeql.collect.collector import Collector
from tapeql.collect.counters import Counts
from tapeql.collect.journal import Journal
from tapeql.collect.operation import Operation
from tapeql.collect.recorder import encode
from tapeql.collect.store_writer import CONSUMER, StoreWriter
from tapeql.collect.timing import Timing
from tapeql.connectors.events import Kept, Trade
from tapeql.errors import ConnectionFailed, StoreError
from tapeql.storage.lake import Lake
from tapeql.storage.live import LakeLiveWriter
from tapeql.storage.store import Commit, Fed

DAY_US = 86_400_000_000
START_US = 19_700 * DAY_US
IMPATIENT = Timing(backoff_first_s=0.01, backoff_most_s=0.05, store_s=0.01, seal_again_s=0.2)


def trade(number: int, ts_us: int = START_US, symbol: str = "A", **more: Any) -> Trade:
    return Trade("x", symbol, str(number), number, ts_us + number, 0, 1.0, 1.0, **more)


def until(done: Callable[[], bool], what: str, wait_s: float = 10.0) -> None:
    deadline_s = time.monotonic() + wait_s
    while not done():
        assert time.monotonic() < deadline_s, f"waited in vain for {what}"
        time.sleep(0.005)


class Feeding:
    """A writer with its journal; what goes through `put` is journalled at once."""

    def __init__(self, journal: Journal, live: Callable[[], Any], timing: Timing = IMPATIENT) -> None:
        self.counts = Counts()
        self.journal = journal
        self.writer = StoreWriter(journal, live, timing, self.counts)

    def put(self, *events: Kept) -> None:
        self.journal.append([encode(events)])
        self.writer.written()

    @property
    def depth(self) -> int:
        return self.journal.depth_bytes(CONSUMER)

    def stored(self) -> None:
        until(lambda: not self.depth, "the store")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal") as opened:
        yield opened


class Failing:
    """A store that takes what it is given, unless told to fail; a seal fails as often as told."""

    pace_s = 0.01

    def __init__(self, error: Exception | None = None, seals: Sequence[Exception] = ()) -> None:
        self.error = error
        self.seals = list(seals)
        self.sealed: list[float] = []
        self.rows: list[int] = []

    def append(self, rows: Any) -> Commit:
        if self.error is not None:
            raise self.error
        self.rows += [n for table in rows.values() for n in table.column("seq").to_pylist()]
        return Commit("")

    def seal(self, venue: str, before_day: int) -> int:
        self.sealed.append(time.monotonic())
        if self.seals:
            raise self.seals.pop(0)
        return 0

    def __exit__(self, *_: object) -> None:
        pass


def test_a_day_that_cannot_be_sealed_holds_nothing_up(tmp_path: Path, journal: Journal) -> None:
    """A live file that cannot be read: what comes is stored and acknowledged, and the next start is not held up."""
    lake = Lake(tmp_path / "lake")
    feeding = Feeding(journal, lake.live)
    feeding.writer.recover()
    feeding.writer.start()
    feeding.put(trade(1))
    feeding.put(trade(2, symbol="B"))
    feeding.stored()
    for file in (tmp_path / "lake" / "live" / "ticks").iterdir():
        file.write_bytes(b"no Parquet")
    feeding.put(trade(3, START_US + DAY_US + 700_000_000, symbol="C"))
    until(lambda: feeding.counts.seal_error is not None, "the failed seal")
    feeding.put(trade(4, START_US + DAY_US + 700_000_000, symbol="C"))
    feeding.stored()
    assert feeding.counts.stored == 4
    assert "cannot be read" in str(feeding.counts.seal_error)
    assert feeding.counts.store_failures == 0
    assert feeding.writer.stop(10)
    again = Feeding(journal, lake.live)
    again.put(trade(5, START_US + DAY_US + 700_000_000, symbol="C"))
    again.writer.recover()
    assert not again.depth
    assert again.counts.seal_error is not None
    assert Lake(tmp_path / "lake").rows("ticks", "x", "C")["seq"].to_pylist() == [3, 4, 5]


@pytest.mark.parametrize("error", [StoreError("full"), OSError("full"), KeyError("full")])
def test_a_seal_is_tried_again_later(error: Exception, journal: Journal) -> None:
    """Not with every batch: not before some time has passed, whatever the reason, and without a new batch too."""
    store = Failing(seals=[error, error])
    feeding = Feeding(journal, lambda: store)
    feeding.writer.recover()
    feeding.writer.start()
    for number in range(30):
        feeding.put(trade(number))
        feeding.stored()
    assert len(store.sealed) < 5
    until(lambda: len(store.sealed) == 3, "the seal")
    assert min(b - a for a, b in zip(store.sealed, store.sealed[1:], strict=False)) >= IMPATIENT.seal_again_s
    assert (feeding.counts.seal_error, feeding.counts.stored, feeding.counts.store_failures) == (None, 30, 0)
    assert feeding.writer.stop(10)


@pytest.mark.parametrize("error", [StoreError("full"), OSError("full"), KeyError("full")])
def test_a_failed_batch_is_tried_again(error: Exception, journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever it failed of; only what nobody thought of is told with its trace."""
    store = Failing()
    feeding = Feeding(journal, lambda: store)
    feeding.writer.recover()
    feeding.writer.start()
    store.error = error
    feeding.put(trade(1))
    until(lambda: feeding.counts.store_failures > 1, "two failures")
    assert "full" in str(feeding.counts.store_error)
    store.error = None
    feeding.stored()
    until(lambda: feeding.counts.store_error is None, "the end of the trouble")
    assert store.rows == [1]
    assert {bool(record.exc_info) for record in caplog.records} == {not isinstance(error, StoreError)}
    assert feeding.writer.stop(10)


def test_what_a_store_that_is_away_lacks_is_not_stored(journal: Journal) -> None:
    """`stop` waits for the store as long as it was told, and then says that something is in the journal only."""
    store = Failing()
    feeding = Feeding(journal, lambda: store)
    feeding.writer.recover()
    feeding.writer.start()
    store.error = ConnectionFailed("the database is away")
    feeding.put(trade(1))
    until(lambda: feeding.counts.store_failures > 5, "failures")
    started_s, failures = time.monotonic(), feeding.counts.store_failures
    assert not feeding.writer.stop(0.5)
    assert time.monotonic() - started_s >= 0.5
    assert 1 < feeding.counts.store_failures - failures < 100


def test_a_store_that_comes_back_while_stopping_gets_the_rest(journal: Journal) -> None:
    """Then everything is stored, and `stop` waits no longer."""
    store = Failing()
    feeding = Feeding(journal, lambda: store)
    feeding.writer.recover()
    feeding.writer.start()
    store.error = ConnectionFailed("the database is away")
    feeding.put(trade(1))
    until(lambda: feeding.counts.store_failures > 5, "failures")
    threading.Timer(0.3, setattr, (store, "error", None)).start()
    assert feeding.writer.stop(30)
    assert store.rows == [1]
    assert not feeding.depth


def test_recovering_ends_when_told(journal: Journal) -> None:
    """Between two batches; what is left is in the journal, for the next start."""
    store = Failing()
    feeding = Feeding(journal, lambda: store)
    for number in range(30):
        feeding.put(trade(number, conditions="x" * 1_000_000))
    assert not feeding.writer.recover(lambda: True)
    assert 0 < len(store.rows) < 10
    assert feeding.depth
    assert feeding.writer.recover()
    assert (store.rows, feeding.depth) == (list(range(30)), 0)


def test_a_collector_is_stopped_while_it_recovers(tmp_path: Path, journal: Journal) -> None:
    """SIGTERM is heard at once although an earlier run's backlog is long; it says that not everything is stored."""
    for number in range(40):
        journal.append([encode([trade(number, conditions="x" * 1_000_000)])])

    class Slow(LakeLiveWriter):
        def append(self, rows: Fed) -> Commit:
            time.sleep(0.3)
            return super().append(rows)

    lake = Lake(tmp_path / "lake")
    lake.live = lambda: Slow(lake)  # type: ignore[method-assign]

    async def collect() -> tuple[bool, float]:
        stop = asyncio.Event()
        collecting = asyncio.create_task(Collector([], lake, journal, steady_clock(), IMPATIENT).run(stop))
        await asyncio.sleep(0.2)
        stop.set()
        started_s = time.monotonic()
        return await collecting, time.monotonic() - started_s

    stored, took_s = asyncio.run(collect())
    assert not stored
    assert took_s < 1.5
    assert journal.depth_bytes(CONSUMER)


def test_damage_is_not_passed_before_it_is_declared(tmp_path: Path, journal: Journal) -> None:
    """What is behind it is stored, but a writer that begins again finds it again, until it is told that it is declared."""
    store = Failing()
    for number in range(3):
        journal.append([encode([trade(number)])])
    (segment,) = (tmp_path / "journal").glob("*.journal")
    damaged = bytearray(segment.read_bytes())
    damaged[len(damaged) // 2] ^= 0x10
    segment.write_bytes(damaged)
    for _ in range(2):
        feeding = Feeding(journal, lambda: store)
        feeding.writer.recover()
        assert len(feeding.writer.damages) == 1
        assert feeding.depth
    assert store.rows == [0, 2, 2]
    feeding.writer.declared(1)
    feeding.writer.recover()
    assert not feeding.depth


def test_only_a_store_that_takes_nothing_is_in_trouble(
    tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However seldom is asked, and however quiet the feed was: what counts is since when something waits in vain."""
    store, lake = Failing(), Lake(tmp_path / "lake")
    lake.live = lambda: store  # type: ignore[method-assign, assignment, return-value]
    collector = Collector([], lake, journal, steady_clock(), IMPATIENT)
    operation, counts = Operation(collector), collector.counts
    monkeypatch.setattr("tapeql.collect.operation.STALLED_S", 2.0)

    def faults() -> list[str]:
        return [fault for fault in operation.faults() if fault != "starting"]

    writer = collector._writer
    writer.recover()
    writer.start()
    journal.append([encode([trade(1)])])
    writer.written()
    until(lambda: counts.stored == 1, "the store")
    assert faults() == []
    time.sleep(2.5)
    store.error = ConnectionFailed("away")
    journal.append([encode([trade(2)])])
    writer.written()
    until(lambda: counts.store_failures > 0, "a failure")
    assert faults() == []
    until(lambda: bool(faults()), "the trouble")
    (fault,) = faults()
    assert fault == "the store has taken nothing for 2 s: away"
    assert not writer.stop(0)
