"""From the journal to the store: a thread that reads what is durable and commits it in small batches.

It takes everything from the journal, never from memory: a store that is away for an hour costs disk, and a killed
collector goes on where it was. A batch that was committed but not yet acknowledged is written again; keys make that
harmless. Whatever goes wrong, the thread lives: a batch that could not be stored is tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from tapeql.calendars.zones import DAY_US
from tapeql.collect.counters import Counts
from tapeql.collect.frames import Frame
from tapeql.collect.journal import Damage, Journal
from tapeql.collect.recorder import decode
from tapeql.collect.rows import tables
from tapeql.collect.timing import Timing
from tapeql.connectors.events import BookDelta, Kept, Quote, Trade
from tapeql.errors import TapeQLError
from tapeql.storage.store import LiveWriter

log: Final = logging.getLogger("tapeql.collect")

CONSUMER: Final = "store"
BATCH_BYTES: Final = 4 << 20


class StoreWriter:
    """`written` is called by the recorder whenever there is more; `stop` lets what is journalled be stored and ends."""

    def __init__(self, journal: Journal, open_writer: Callable[[], LiveWriter], timing: Timing, counts: Counts) -> None:
        self._journal = journal
        self._open = open_writer
        self._timing = timing
        self._counts = counts
        self.damages: list[Damage] = []
        """What the journal could not give back."""
        self.position = journal.register(CONSUMER)
        """Everything up to here is stored, or damaged."""
        self._declared = 0
        self._reader = journal.reader(self.position, self._damaged)
        self._more = threading.Event()
        self._stopping = threading.Event()
        self._over = threading.Event()
        """Nobody waits any longer."""
        self._thread = threading.Thread(target=self._run, name="tapeql-store", daemon=True)
        self._newest_us: dict[str, int] = {}
        self._sealed: dict[str, int] = {}
        self._seal_again_s = 0.0
        self.live: LiveWriter | None = None

    def start(self) -> None:
        self._thread.start()

    def written(self) -> None:
        self._more.set()

    def stop(self, wait_s: float) -> bool:
        """Whether everything journalled is stored; where that fails, it is tried again for so long."""
        self._stopping.set()
        self._more.set()
        self._thread.join(wait_s)
        self._over.set()
        if self._thread.is_alive():
            return False
        if self.live is not None:
            self.live.__exit__(None, None, None)
        return self._journal.depth_bytes(CONSUMER) == 0

    def recover(self, told_to_stop: Callable[[], bool] = lambda: False) -> bool:
        """Stores what an earlier run left in the journal; False when told to stop before that was all.

        Raises StoreError, ConnectionFailed.
        """
        if self.live is None:
            self.live = self._open()
        while self._step():
            if told_to_stop():
                return self._journal.depth_bytes(CONSUMER) == 0
        return True

    def declared(self, damages: int) -> None:
        """So many of the damages are declared, in the journal. Before that nothing behind them is acknowledged, so that
        who is killed meanwhile finds them again."""
        self._declared = damages
        self._more.set()

    def _damaged(self, damage: Damage) -> None:
        if damage not in self.damages:
            log.error("the journal is damaged", extra={"segment": damage.segment, "bytes": damage.bytes})
            self.damages.append(damage)
            self.position = damage.before - 1

    def _run(self) -> None:
        attempt = 0
        while not self._over.is_set():
            self._more.wait(1.0)
            self._more.clear()
            last = self._stopping.is_set()
            started_s = time.monotonic()
            try:
                # What is less than a batch waits for more: many small commits cost more than a few.
                while self._step() >= (1 if last else BATCH_BYTES // 2):
                    pass
                attempt = 0
                self._counts.store_error = None
            except Exception as error:
                self._counts.store_failures += 1
                self._counts.store_error = str(error) or repr(error)
                _warn("the store cannot be written", error, attempt=attempt)
                (self._over if last else self._stopping).wait(min(self._timing.backoff_s(attempt), 5.0))
                attempt += 1
                self._more.set()
                continue
            if last:
                return
            assert self.live is not None
            pace_s = self.live.pace_s if self._timing.store_s is None else self._timing.store_s
            self._stopping.wait(max(0.0, pace_s - (time.monotonic() - started_s)))

    def _step(self) -> int:
        """Stores one batch; its bytes, 0 where there was none. On failure the same batch is read again."""
        frames = self._reader.next(BATCH_BYTES)
        if frames:
            self._store(frames)
        self._counts.stored_s = time.monotonic()
        if self._declared == len(self.damages):
            self._journal.acknowledge(CONSUMER, self.position)
        self._seal()
        return sum(len(payload) for _, payload in frames)

    def _store(self, frames: Sequence[Frame]) -> None:
        assert self.live is not None
        try:
            events = [event for _, payload in frames for event in decode(payload)]
            self.live.append(tables(events))
        except BaseException:
            self._reader.close()
            self._reader = self._journal.reader(self.position, self._damaged)
            raise
        self.position = frames[-1][0]
        self._counts.stored += len(events)
        self._see(events)

    def _see(self, events: Sequence[Kept]) -> None:
        """Days end by what the venue says, never by our clock."""
        for event in events:
            if not isinstance(event, Trade | BookDelta | Quote) or event.ts_us is None:
                continue
            told = not isinstance(event, Quote) or event.ts_source == "venue"
            if told and event.ts_us > self._newest_us.get(event.venue, 0):
                self._newest_us[event.venue] = event.ts_us

    def _seal(self) -> None:
        """Folds days that have ended. Where that fails nothing is lost: storing goes on, and it is tried again later."""
        assert self.live is not None
        if time.monotonic() < self._seal_again_s:
            return
        self._counts.seal_error = None
        for venue, newest_us in self._newest_us.items():
            day = (newest_us - int(self._timing.seal_after_s * 1_000_000)) // DAY_US
            if self._sealed.get(venue) == day:
                continue
            try:
                folded = self.live.seal(venue, day)
            except Exception as error:
                self._seal_again_s = time.monotonic() + self._timing.seal_again_s
                self._counts.seal_error = str(error) or repr(error)
                _warn("a day cannot be sealed", error, venue=venue)
                continue
            self._sealed[venue] = day
            if folded:
                log.info("sealed", extra={"venue": venue, "partitions": folded})


def _warn(what: str, error: Exception, **fields: Any) -> None:
    """What nobody thought of is told with its trace."""
    expected = isinstance(error, TapeQLError)
    level = logging.WARNING if expected else logging.ERROR
    log.log(level, what, extra={"reason": str(error), **fields}, exc_info=None if expected else error)
