"""From the journal to the bus: in order, exactly once on each stream, and again where a bus lost its memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from tapeql.collect.bus.contract import BACKOFF, Bus, BusDown, Entry
from tapeql.collect.frames import Frame
from tapeql.collect.journal import Damage, Journal
from tapeql.errors import StoreError

log: Final = logging.getLogger("tapeql.collect.bus")

_BATCH_BYTES: Final = 256 * 1024
_DRAINING_S: Final = 0.01
_PROBE_BYTES: Final = 1 << 20
"""What was published last before a restart: a bus that lost anything lost some of this."""

Split: TypeAlias = Callable[[bytes], Iterable[tuple[str, bytes]]]
"""(stream, payload) of each message a journal frame holds; a stream at most once."""


class Publisher:
    """A consumer of the journal, optional there: a bus that is away never keeps anything from being recorded.

    A message has the position of its frame. `on_loss` is told (after, before) of positions that cannot be published
    any more: the journal is damaged there, or had no room to keep them while the bus was away.
    """

    def __init__(
        self,
        journal: Journal,
        bus: Bus,
        name: str,
        split: Split,
        *,
        backoff_s: Callable[[int], float] = BACKOFF.backoff_s,
        on_loss: Callable[[int, int], None] | None = None,
    ) -> None:
        self.published = 0
        """Messages handed to the bus."""
        self.error: str | None = None
        """Why the bus is down, while it is."""
        self._journal = journal
        self._bus = bus
        self._name = name
        self._split = split
        self._backoff_s = backoff_s
        self._on_loss = on_loss
        self._attempt = 0
        self._told = 0
        """Losses before this position are known."""
        self._done = journal.register(name, optional=True)
        """All frames up to here have been published."""
        self._published: dict[str, int] = {}
        """How far each stream has ever been."""
        self._reached: dict[str, int] = {}
        """How far it is, as the bus told when it was last reached."""

    async def run(self) -> None:
        """Publishes what is in the journal and what comes, until cancelled; a bus that is down is tried again.

        Raises StoreError where the journal cannot be read.
        """
        loop = asyncio.get_running_loop()
        arrived = asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(arrived.set)

        end = self._journal.watch(wake)
        try:
            await self._recall()
            while True:
                try:
                    await self._follow(arrived)
                except BusDown as error:
                    self.error = str(error)
                    log.warning("the bus is down", extra={"reason": str(error), "attempt": self._attempt})
                    await asyncio.sleep(self._backoff_s(self._attempt))
                    self._attempt += 1
        except StoreError as error:
            self.error = str(error)
            log.error("nothing more can be published", extra={"reason": str(error)})
            raise
        finally:
            end()

    async def drained(self) -> None:
        """Until everything journalled so far is published, or the bus is found to be down."""
        last = self._journal.last
        while self._done < last and self.error is None:
            await asyncio.sleep(_DRAINING_S)

    async def _follow(self, arrived: asyncio.Event) -> None:
        damages: list[Damage] = []
        # Not closed here: cancelled, we are gone before the thread that reads.
        reader = self._journal.reader(await self._place(), damages.append)
        while True:
            arrived.clear()
            before = max(reader.position, self._done)
            frames = await asyncio.to_thread(reader.next, _BATCH_BYTES)
            for damage in damages:
                self._lost(damage.after, damage.before)
            damages.clear()
            if not frames:
                await arrived.wait()
                continue
            if before < self._journal.dropped < frames[0][0]:
                self._lost(before, frames[0][0])
            await self._publish(frames)

    async def _publish(self, frames: Sequence[Frame]) -> None:
        entries = [entry for frame in frames for entry in self._entries(frame)]
        new = list(dict.fromkeys(stream for stream, _, _ in entries if stream not in self._reached))
        for stream, last in zip(new, await self._bus.last(new), strict=True):
            self._reached[stream] = last or 0
        wanted = [entry for entry in entries if entry[1] > self._reached[entry[0]]]
        await self._bus.publish(wanted)
        for stream, position, _ in wanted:
            self._reached[stream] = position
            self._published[stream] = max(position, self._published.get(stream, 0))
        self.published += len(wanted)
        self.error, self._attempt = None, 0
        if frames[-1][0] > self._done:
            self._done = frames[-1][0]
            await asyncio.to_thread(self._journal.acknowledge, self._name, self._done)

    def _entries(self, frame: Frame) -> list[Entry]:
        position, payload = frame
        entries = [(stream, position, message) for stream, message in self._split(payload)]
        if len({stream for stream, _, _ in entries}) < len(entries):
            raise ValueError("two messages of one frame for one stream: they would have one position")
        return entries

    async def _place(self) -> int:
        """Where to read on: behind what was published, or where a stream ends that lost some of it."""
        streams = list(self._published)
        self._reached = {s: last or 0 for s, last in zip(streams, await self._bus.last(streams), strict=True)}
        lost = {stream: last for stream, last in self._reached.items() if last < self._published[stream]}
        place = min([self._done, *lost.values()])
        if lost:
            log.warning("the bus lost messages; publishing again", extra={"streams": len(lost), "after": place})
        return place

    async def _recall(self) -> None:
        """Learns from the journal what an earlier run published last."""
        start = self._journal.back(self._done, _PROBE_BYTES)
        reader = self._journal.reader(start, lambda damage: None)
        while frames := await asyncio.to_thread(reader.next, _BATCH_BYTES):
            for frame in frames:
                if frame[0] > self._done:
                    return
                self._published |= {stream: position for stream, position, _ in self._entries(frame)}

    def _lost(self, after: int, before: int) -> None:
        if before <= self._told:
            return
        self._told = before
        log.error("messages lost before they were published", extra={"after": after, "before": before})
        if self._on_loss is not None:
            self._on_loss(after, before)
