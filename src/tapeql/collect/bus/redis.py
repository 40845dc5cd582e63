"""The bus on a Redis server: streams whose ids are positions, so that no message can be on one twice."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from redis.exceptions import ResponseError

from tapeql.collect.bus.connection import Address, Command, RedisConnection, Reply
from tapeql.collect.bus.contract import BACKOFF, After, BusDown, Entry, Message, Missed, places
from tapeql.limits import BUS_IDLE_S, BUS_STREAM_ENTRIES, BUS_TIMEOUT_S

log: Final = logging.getLogger("tapeql.collect.bus")

_COMMANDS: Final = 500
"""Messages published in one transaction."""
_BATCH: Final = 500
"""Messages of a stream read at a time."""
_BLOCK_S: Final = 2.0
_FIELD: Final = b"d"


class RedisBus:
    """Each stream is a Redis stream of its name, with about `entries` messages. `backoff_s(attempt)` is how long a
    subscription waits before it connects again."""

    def __init__(
        self,
        url: str,
        *,
        entries: int = BUS_STREAM_ENTRIES,
        idle_s: float = BUS_IDLE_S,
        backoff_s: Callable[[int], float] = BACKOFF.backoff_s,
    ) -> None:
        self.address: Final = Address(url)
        self.idle_s: Final = idle_s
        self.backoff_s: Final = backoff_s
        self.batch: Final = min(_BATCH, max(entries // 2, 1))
        self._entries = entries
        self._publishing = RedisConnection(self.address)
        """For `publish` and `last` alone: nobody else may be the one who notices that it broke."""
        self._asking = RedisConnection(self.address)
        self._subscriptions: set[RedisSubscription] = set()

    async def publish(self, entries: Sequence[Entry]) -> None:
        if self._publishing.lost:
            self._publishing.lost = False
            raise self.address.down("the connection was lost, and streams may have lost their ends")
        for start in range(0, len(entries), _COMMANDS):
            await self._add(entries[start : start + _COMMANDS])

    async def _add(self, entries: Sequence[Entry]) -> None:
        """In a transaction, so that no message is refused (memory is full, say) and one after it is taken."""
        adds: list[Command] = [
            ("XADD", stream, "MAXLEN", "~", self._entries, f"{position}-0", _FIELD, payload)
            for stream, position, payload in entries
        ]
        try:
            *queued, added = await self._publishing.call(("MULTI",), *adds, ("EXEC",))
        except BusDown:
            self._publishing.lost = False
            raise
        for reply in [*queued, *added] if isinstance(added, list) else [*queued, added]:
            if isinstance(reply, ResponseError) and "equal or smaller than the target stream top item" not in str(
                reply
            ):
                raise self.address.down(reply)

    async def last(self, streams: Sequence[str]) -> list[int | None]:
        replies = await self._publishing.call(*[("XINFO", "STREAM", stream) for stream in streams]) if streams else []
        return [self._last(reply) for reply in replies]

    def _last(self, reply: Reply) -> int | None:
        """The id that the next one must exceed, which a stream keeps although its messages go."""
        if isinstance(reply, ResponseError):
            if "no such key" in str(reply):
                return None
            raise self.address.down(reply)
        return _position(_pairs(reply)[b"last-generated-id"]) or None

    def subscribe(
        self, streams: Iterable[str], *, after: After = None, group: str | None = None, consumer: str | None = None
    ) -> RedisSubscription:
        asked = places(streams, after, group, consumer)
        subscription: RedisSubscription
        if group is not None and consumer is not None:
            subscription = GroupSubscription(self, asked, group, consumer)
        else:
            subscription = RedisSubscription(self, asked)
        self._subscriptions.add(subscription)
        return subscription

    async def ack(self, group: str, stream: str, positions: Iterable[int]) -> None:
        gone = list(positions)
        if gone:
            await self._ask(("XACK", stream, group, *(f"{position}-0" for position in gone)))
            for subscription in self._subscriptions:
                subscription.acknowledged(group, stream, gone)

    async def streams(self, prefix: str = "") -> list[str]:
        pattern = "".join(f"\\{c}" if c in "*?[]\\" else c for c in prefix) + "*"
        found: set[bytes] = set()
        cursor: bytes = b"0"
        while True:
            cursor, names = await self._ask(("SCAN", cursor, "MATCH", pattern, "COUNT", 1000, "TYPE", "stream"))
            found.update(names)
            if cursor == b"0":
                break
        names = sorted(found)
        sizes = [await self._ask(("XLEN", name)) for name in names]
        return [name.decode() for name, size in zip(names, sizes, strict=True) if size]

    async def _ask(self, command: Command) -> Reply:
        """For commands that may be repeated: where only the old connection is gone, a new one answers."""
        try:
            return await self._asking.one(command)
        except BusDown:
            if not self._asking.lost:
                raise
            self._asking.lost = False
            return await self._asking.one(command)

    async def close(self) -> None:
        for subscription in list(self._subscriptions):
            await subscription.aclose()
        await self._publishing.close()
        await self._asking.close()

    def leave(self, subscription: RedisSubscription) -> None:
        self._subscriptions.discard(subscription)


class RedisSubscription:
    """Follows streams by XREAD, from the last message it gave of each."""

    def __init__(self, bus: RedisBus, asked: dict[str, int | None]) -> None:
        self._bus = bus
        self._connection = RedisConnection(bus.address)
        self._asked = asked
        self._places: dict[str, int] = {}
        self._unsure: set[str] = set()
        """Streams of which messages behind our place may be gone: the server may have lost its memory."""
        self._ready: deque[Message | Missed] = deque()
        self._entered = False
        self._closed = False

    async def __aenter__(self) -> Self:
        if not self._entered:
            streams = list(self._asked)
            replies = await self._connection.call(*[("XINFO", "STREAM", stream) for stream in streams])
            for stream, reply in zip(streams, replies, strict=True):
                asked = self._asked[stream]
                self._places[stream] = (self._bus._last(reply) or 0) if asked is None else asked
            await self._begin()
            self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message | Missed:
        await self.__aenter__()
        attempt = 0
        while not self._closed:
            if self._ready:
                return self._ready.popleft()
            try:
                if attempt:
                    await self._begin()
                await self._fill()
                if attempt:
                    log.info("following again", extra={"bus": self._bus.address.name, "attempt": attempt})
                attempt = 0
            except BusDown as error:
                if self._closed:
                    break
                log.warning("the bus is down", extra={"reason": str(error), "attempt": attempt})
                await asyncio.sleep(self._bus.backoff_s(attempt))
                attempt += 1
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._closed = True
        self._bus.leave(self)
        await self._connection.close()

    def acknowledged(self, group: str, stream: str, positions: Sequence[int]) -> None:
        """Only groups care."""

    async def _begin(self) -> None:
        """What each new connection does first."""
        self._unsure = set(self._places)

    async def _fill(self) -> None:
        streams = list(self._places)
        ids = [f"{self._places[stream]}-0" for stream in streams]
        block = ("COUNT", self._bus.batch, "BLOCK", int(_BLOCK_S * 1000), "STREAMS")
        reply = await self._connection.one(("XREAD", *block, *streams, *ids), _BLOCK_S + BUS_TIMEOUT_S)
        await self._take(reply)

    async def _take(self, reply: Reply) -> None:
        """Makes messages ready, those of all streams in the order of their positions."""
        batches = {key.decode(): entries for key, entries in reply or ()}
        self._ready += await self._missed(batches)
        taken = [_message(stream, entry) for stream, entries in batches.items() for entry in entries]
        for message in taken:
            self._places[message.stream] = message.position
        taken.sort(key=lambda message: message.position)
        self._ready += taken

    async def _missed(self, batches: Mapping[str, Sequence[Reply]]) -> list[Missed]:
        """The streams that no longer reach back to our place: what was between is gone, if anything was."""
        # A reply that is not full has all there was; a full one may begin where the stream now does.
        doubtful = [
            stream
            for stream, entries in batches.items()
            if self._places[stream] and (stream in self._unsure or len(entries) == self._bus.batch)
        ]
        looks: list[Command] = [("XRANGE", stream, "-", "+", "COUNT", 1) for stream in doubtful]
        found: list[Missed] = []
        for stream, oldest in zip(doubtful, await self._connection.call(*looks) if looks else [], strict=True):
            if isinstance(oldest, list) and oldest and _position(oldest[0][0]) > self._places[stream]:
                found.append(Missed(stream, self._places[stream], _position(batches[stream][0][0])))
        self._unsure -= batches.keys()
        return found


class GroupSubscription(RedisSubscription):
    """Follows streams as a consumer of a group, which the server keeps, or we where it lost its memory."""

    def __init__(self, bus: RedisBus, asked: dict[str, int | None], group: str, consumer: str) -> None:
        super().__init__(bus, asked)
        self._group = group
        self._consumer = consumer
        self._held: dict[str, dict[int, None]] = {stream: {} for stream in asked}
        """Positions given by us and not acknowledged yet."""
        self._claim_s = 0.0

    def acknowledged(self, group: str, stream: str, positions: Sequence[int]) -> None:
        if group == self._group and stream in self._held:
            for position in positions:
                self._held[stream].pop(position, None)

    async def _begin(self) -> None:
        await super()._begin()
        await self._make_groups()
        # What was given to us before and not acknowledged comes first.
        behind = dict.fromkeys(self._places, "0-0")
        while behind:
            reply = await self._read_group("COUNT", self._bus.batch, "STREAMS", *behind, *behind.values())
            behind = {}
            for key, entries in reply or ():
                stream = key.decode()
                if entries:
                    behind[stream] = entries[-1][0].decode()
                    await self._give(stream, [e for e in entries if _position(e[0]) not in self._held[stream]])

    async def _make_groups(self) -> None:
        """Where the group is new to the server it begins behind the last message we need no more."""
        streams = list(self._places)
        starts = [min(self._held[stream], default=self._places[stream] + 1) - 1 for stream in streams]
        makes: list[Command] = [
            ("XGROUP", "CREATE", stream, self._group, f"{start}-0", "MKSTREAM")
            for stream, start in zip(streams, starts, strict=True)
        ]
        for stream, reply in zip(streams, await self._connection.call(*makes), strict=True):
            if not isinstance(reply, ResponseError):
                continue
            if not str(reply).startswith("BUSYGROUP"):
                raise self._bus.address.down(reply)
            if not self._entered:
                groups = await self._connection.one(("XINFO", "GROUPS", stream))
                known = {group[b"name"]: group for group in map(_pairs, groups)}
                self._places[stream] = _position(known[self._group.encode()][b"last-delivered-id"])

    async def _fill(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if now_s >= self._claim_s:
            self._claim_s = now_s + self._bus.idle_s / 4
            await self._claim()
        if not self._ready:
            block_s = min(_BLOCK_S, self._bus.idle_s / 4)
            block = ("COUNT", self._bus.batch, "BLOCK", max(int(block_s * 1000), 1), "STREAMS")
            reply = await self._read_group(*block, *self._places, *[">"] * len(self._places))
            batches = {key.decode(): entries for key, entries in reply or ()}
            self._ready += await self._missed(batches)
            for stream, entries in batches.items():
                await self._give(stream, [e for e in entries if _position(e[0]) not in self._held[stream]])

    async def _read_group(self, *rest: str | int) -> Reply:
        command = ("XREADGROUP", "GROUP", self._group, self._consumer, *rest)
        (reply,) = await self._connection.call(command, timeout_s=_BLOCK_S + BUS_TIMEOUT_S)
        if isinstance(reply, ResponseError):
            if not str(reply).startswith("NOGROUP"):
                raise self._bus.address.down(reply)
            await self._make_groups()
            return None
        return reply

    async def _claim(self) -> None:
        """Takes over what its consumer has not acknowledged for long."""
        idle_ms = int(self._bus.idle_s * 1000)
        cursors = dict.fromkeys(self._places, b"0-0")
        while cursors:
            claims: list[Command] = [
                ("XAUTOCLAIM", stream, self._group, self._consumer, idle_ms, cursor, "COUNT", self._bus.batch)
                for stream, cursor in cursors.items()
            ]
            replies = dict(zip(cursors, await self._connection.call(*claims), strict=True))
            cursors = {}
            for stream, reply in replies.items():
                if isinstance(reply, ResponseError):
                    if not str(reply).startswith("NOGROUP"):
                        raise self._bus.address.down(reply)
                    continue  # made again by the next read
                cursor, entries, *gone = reply
                self._ready += [_missed(stream, each) for each in (gone[0] if gone else ())]
                await self._give(stream, [entry for entry in entries if entry])
                if cursor != b"0-0":
                    cursors[stream] = cursor

    async def _give(self, stream: str, entries: Sequence[Reply]) -> None:
        """Makes messages ready; those that the stream no longer has are acknowledged, and said to be missed."""
        gone = [key for key, fields in entries if fields is None]
        if gone:
            await self._connection.one(("XACK", stream, self._group, *gone))
            self._ready += [_missed(stream, key) for key in gone]
        for entry in entries:
            if entry[1]:
                message = _message(stream, entry)
                self._held[stream][message.position] = None
                self._places[stream] = max(self._places[stream], message.position)
                self._ready.append(message)


def _message(stream: str, entry: Reply) -> Message:
    key, fields = entry
    payload: bytes = _pairs(fields).get(_FIELD, b"")
    return Message(stream, _position(key), payload)


def _pairs(reply: Sequence[Reply]) -> dict[bytes, Reply]:
    return dict(zip(reply[::2], reply[1::2], strict=True))


def _missed(stream: str, key: bytes) -> Missed:
    return Missed(stream, _position(key) - 1, _position(key) + 1)


def _position(key: bytes) -> int:
    return int(key.partition(b"-")[0])
