"""From events in memory to the journal: what gathers while one write is synced goes with the next."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import msgspec

from tapeql.collect.counters import Counts
from tapeql.collect.journal import Journal
from tapeql.collect.timing import Timing
from tapeql.connectors.events import Kept
from tapeql.errors import TapeQLError
from tapeql.limits import JOURNAL_FRAME_BYTES, PENDING_EVENTS

log: Final = logging.getLogger("tapeql.collect")

FRAME_EVENTS: Final = 2_000
"""Events in a frame: small enough to be read back in pieces."""

DRAINING_S: Final = 0.01

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(list[Kept])


def encode(events: Sequence[Kept]) -> bytes:
    """A journal frame's payload."""
    return _encoder.encode(events)


def decode(payload: bytes) -> list[Kept]:
    """What `encode` made. Raises ValueError for anything else."""
    return _decoder.decode(payload)


class Recorder:
    """The one way into the journal. `put` never waits; `full` says that nothing more may come."""

    def __init__(self, journal: Journal, timing: Timing, counts: Counts, written: Callable[[], None]) -> None:
        self._journal = journal
        self._timing = timing
        self._counts = counts
        self._written = written
        self._pending: list[Kept] = []
        self._there = asyncio.Event()
        self._put = 0
        self._done = 0

    @property
    def full(self) -> bool:
        return len(self._pending) >= PENDING_EVENTS

    def put(self, events: Sequence[Kept]) -> None:
        if events:
            self._pending.extend(events)
            self._put += len(events)
            self._there.set()

    async def run(self) -> None:
        attempt = 0
        while True:
            await self._there.wait()
            await asyncio.sleep(self._timing.flush_s)
            events = self._pending
            self._pending = []
            self._there.clear()
            runs = [events[i : i + FRAME_EVENTS] for i in range(0, len(events), FRAME_EVENTS)]
            payloads = [payload for run in runs for payload in self._payloads(run)]
            while True:
                try:
                    await asyncio.to_thread(self._journal.append, payloads)
                    break
                except TapeQLError as error:
                    # Full or broken disk: what comes meanwhile is bounded by `full`, and missed ids are asked for again.
                    log.error("the journal cannot be written", extra={"reason": str(error)})
                    self._counts.pending = len(self._pending) + len(events)
                    await asyncio.sleep(self._timing.backoff_s(attempt))
                    attempt += 1
            attempt = 0
            self._counts.journalled += len(events)
            self._counts.pending = len(self._pending)
            self._done += len(events)
            self._written()

    def _payloads(self, events: Sequence[Kept]) -> Iterator[bytes]:
        """One, or of each half its own where books are so deep that a frame has no room for all."""
        payload = encode(events)
        if len(payload) <= JOURNAL_FRAME_BYTES:
            yield payload
        elif len(events) > 1:
            middle = len(events) // 2
            yield from self._payloads(events[:middle])
            yield from self._payloads(events[middle:])
        else:
            (event,) = events
            what = {"venue": event.venue, "symbol": event.symbol, "type": type(event).__name__, "bytes": len(payload)}
            log.error("an event is too large for the journal", extra=what)
            self._counts.of(event.venue).too_large += 1

    async def drained(self) -> None:
        """Waits until all that has been put so far is on disk."""
        wanted = self._put
        while self._done < wanted:
            await asyncio.sleep(DRAINING_S)
