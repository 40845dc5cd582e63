"""The bus within one process: a bounded list for each stream, and a place in it for everyone who follows."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from types import TracebackType
from typing import Final, Self

from tapeql.collect.bus.contract import After, Entry, Message, Missed, places
from tapeql.limits import BUS_IDLE_S, BUS_STREAM_ENTRIES

_BATCH: Final = 256
"""Messages of a stream taken at a time."""


@dataclass(slots=True)
class _Pending:
    message: Message
    consumer: str
    given_s: float


@dataclass(slots=True)
class _Group:
    place: int
    pending: dict[int, _Pending] = field(default_factory=dict)
    """By position, which rise: given to a consumer, not acknowledged."""
    missed: list[int] = field(default_factory=list)
    """Of these, the first and the last that the stream no longer keeps."""

    def forget(self, dropped: int) -> None:
        gone = list(takewhile(lambda position: position <= dropped, self.pending))
        for position in gone:
            del self.pending[position]
        if gone:
            self.missed = [self.missed[0] if self.missed else gone[0], gone[-1]]


@dataclass(slots=True)
class _Stream:
    positions: list[int] = field(default_factory=list)
    payloads: list[bytes] = field(default_factory=list)
    last: int | None = None
    dropped: int = 0
    """The position of the newest message that is not kept any more."""
    groups: dict[str, _Group] = field(default_factory=dict)


class MemoryBus:
    """Publishers never wait: who follows too slowly for the `entries` kept of each stream is told what it missed."""

    def __init__(self, *, entries: int = BUS_STREAM_ENTRIES, idle_s: float = BUS_IDLE_S) -> None:
        self._entries = entries
        self.idle_s: Final = idle_s
        self._streams: dict[str, _Stream] = {}
        self._subscriptions: set[MemorySubscription] = set()

    async def publish(self, entries: Sequence[Entry]) -> None:
        for name, position, payload in entries:
            stream = self.stream(name)
            if stream.last is not None and position <= stream.last:
                continue
            stream.positions.append(position)
            stream.payloads.append(payload)
            stream.last = position
            over = len(stream.positions) - self._entries
            if over > self._entries // 8:
                # In pieces, as removing the first of a list moves all the others.
                stream.dropped = stream.positions[over - 1]
                del stream.positions[:over], stream.payloads[:over]
                for group in stream.groups.values():
                    group.forget(stream.dropped)
        for subscription in self._subscriptions:
            subscription.wake.set()

    async def last(self, streams: Sequence[str]) -> list[int | None]:
        return [self._streams[name].last if name in self._streams else None for name in streams]

    def subscribe(
        self, streams: Iterable[str], *, after: After = None, group: str | None = None, consumer: str | None = None
    ) -> MemorySubscription:
        return MemorySubscription(self, places(streams, after, group, consumer), group, consumer or "")

    async def ack(self, group: str, stream: str, positions: Iterable[int]) -> None:
        if found := self.stream(stream).groups.get(group):
            for position in positions:
                found.pending.pop(position, None)

    async def streams(self, prefix: str = "") -> list[str]:
        return sorted(name for name, stream in self._streams.items() if name.startswith(prefix) and stream.positions)

    async def close(self) -> None:
        for subscription in list(self._subscriptions):
            await subscription.aclose()

    # ── for subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────

    def stream(self, name: str) -> _Stream:
        return self._streams.setdefault(name, _Stream())

    def join(self, subscription: MemorySubscription) -> None:
        self._subscriptions.add(subscription)

    def leave(self, subscription: MemorySubscription) -> None:
        self._subscriptions.discard(subscription)


class MemorySubscription:
    """A place in each stream, or in each stream's group."""

    def __init__(self, bus: MemoryBus, asked: dict[str, int | None], group: str | None, consumer: str) -> None:
        self._bus = bus
        self._asked = asked
        self._group = group
        self._consumer = consumer
        self._places: dict[str, int] | None = None
        self._ready: deque[Message | Missed] = deque()
        self._closed = False
        self.wake: Final = asyncio.Event()

    async def __aenter__(self) -> Self:
        if self._places is None:
            self._places = {}
            for name, asked in self._asked.items():
                stream = self._bus.stream(name)
                # Asked for the oldest, nothing before it is missed.
                place = (stream.last or 0) if asked is None else asked or stream.dropped
                if self._group is not None:
                    group = stream.groups.setdefault(self._group, _Group(place))
                    place = group.place
                    self._give(p for p in group.pending.values() if p.consumer == self._consumer)
                self._places[name] = place
            self._bus.join(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message | Missed:
        await self.__aenter__()
        while not self._closed:
            if self._ready:
                return self._ready.popleft()
            self.wake.clear()
            if not self._fill():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.wake.wait(), None if self._group is None else self._bus.idle_s / 4)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._closed = True
        self._bus.leave(self)
        self.wake.set()

    def _fill(self) -> bool:
        """Takes what there is, of all streams in the order of their positions."""
        assert self._places is not None
        taken: list[Message] = []
        for name, place in self._places.items():
            stream = self._bus.stream(name)
            group = None if self._group is None else stream.groups[self._group]
            if group is not None:
                place = group.place
                if group.missed:
                    self._ready.append(Missed(name, group.missed[0] - 1, group.missed[1] + 1))
                    group.missed = []
                self._give(p for p in group.pending.values() if _now_s() - p.given_s >= self._bus.idle_s)
            if stream.last is None or stream.last <= place:
                continue
            if place < stream.dropped:
                self._ready.append(Missed(name, place, stream.positions[0]))
            start = bisect_right(stream.positions, place)
            found = [
                Message(name, position, payload)
                for position, payload in zip(
                    stream.positions[start : start + _BATCH], stream.payloads[start : start + _BATCH], strict=True
                )
            ]
            self._places[name] = found[-1].position
            if group is not None:
                group.place = found[-1].position
                group.pending |= {m.position: _Pending(m, self._consumer, _now_s()) for m in found}
            taken += found
        taken.sort(key=lambda message: message.position)
        self._ready += taken
        return bool(self._ready)

    def _give(self, pending: Iterable[_Pending]) -> None:
        """Gives messages again that nobody acknowledged."""
        for each in list(pending):
            each.consumer, each.given_s = self._consumer, _now_s()
            self._ready.append(each.message)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
