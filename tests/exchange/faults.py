"""Faults between the market and a client: each a small named thing; a seeded plan says which strike when.

    message ──▶ Drop, Reorder, … (in the plan's order, with a state for each socket) ──▶ socket
    connection ──▶ Refuse, Cut      request ──▶ RestError, StaleSnapshot, …      venue clock ──▶ ClockStep

Whatever is done is written into the ledger (`ledger.injected`); what never went out on a socket is `withheld` there.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING

from tests.exchange.market import Book, Event, Injected

if TYPE_CHECKING:
    from tests.exchange.server import Exchange, Message, Socket


@dataclass(slots=True)
class Item:
    """A message on its way to one socket."""

    message: Message
    number: int | None  # of its event in the ledger; None for what no event made
    event: Event | None
    due_s: float = 0.0  # by the loop's clock; the past: at once


@dataclass(slots=True)
class Memory:
    """What one fault knows of one socket."""

    n: int  # the fault's place in the plan
    dice: Random
    chances: int = 0
    held: list[Item] = field(default_factory=list)
    left: list[int] = field(default_factory=list)  # messages each held one still waits for
    until_s: float = 0.0
    silent: bool = False
    silent_stream: tuple[str, type] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Strikes each chance it gets with probability `rate`, but not the first `after` of them on a socket, nor more
    than `times` in all. `only` restricts it to one kind of event."""

    rate: float = 1.0
    after: int = 0
    times: int | None = None
    only: type[Event] | None = None

    def apply(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        """What becomes of a message."""
        return self.strike(item, wire, my) if wire.strikes(self, my, item) else [item]

    def strike(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        raise NotImplementedError


# -- messages ---------------------------------------------------------------------------------------------------------


class Drop(Fault):
    """The message is never sent."""

    def strike(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        wire.record(self, item, withheld=True)
        return []


class Duplicate(Fault):
    """The message is sent twice."""

    def strike(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        wire.record(self, item)
        return [item, item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reorder(Fault):
    """The message comes after the `span` messages that follow it on the socket, whatever their symbols."""

    span: int = 3

    def apply(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        out = [item]
        my.left = [left - 1 for left in my.left]
        while my.left and my.left[0] <= 0:
            out.append(my.held.pop(0))
            del my.left[0]
        if wire.strikes(self, my, item):
            wire.record(self, item)
            my.held.append(item)
            my.left.append(self.span)
            out.remove(item)
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Split(Fault):
    """The message is sent as so many websocket fragments."""

    parts: int = 3

    def strike(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        if not isinstance(item.message, bytes):
            return [item]
        wire.record(self, item)
        size = max(1, -(-len(item.message) // self.parts))
        item.message = tuple(item.message[at : at + size] for at in range(0, len(item.message), size))
        return [item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge(Fault):
    """The message and those after it arrive as one: a JSON array, or with `lines` one a line."""

    count: int = 3
    lines: bool = False

    def apply(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        if not isinstance(item.message, bytes) or not (my.held or wire.strikes(self, my, item)):
            return [item]
        my.held.append(item)
        if len(my.held) < self.count:
            return []
        items, my.held = my.held, []
        for part in items:
            wire.record(self, part)
            wire.count_sent(part)
        messages = [part.message for part in items if isinstance(part.message, bytes)]
        whole = b"\n".join(messages) if self.lines else b"[" + b",".join(messages) + b"]"
        return [Item(whole, None, None)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay(Fault):
    """The message comes so many seconds later, overtaken by others; with `stall` those behind it wait too."""

    seconds: float = 0.05
    stall: bool = False

    def apply(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        now_s = asyncio.get_running_loop().time()
        if wire.strikes(self, my, item):
            wire.record(self, item)
            item.due_s = max(item.due_s, now_s) + self.seconds
            my.until_s = max(item.due_s, my.until_s)
        if self.stall and my.until_s > now_s:
            item.due_s = max(item.due_s, my.until_s)
        return [item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute(Fault):
    """The socket stays open (pings go on) but says no more: for so many messages, or to its end.

    With `one_stream` only the symbol and kind of the message that was struck fall silent.
    """

    messages: int | None = None
    one_stream: bool = False

    def apply(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        if not my.silent and wire.strikes(self, my, item):
            my.silent, my.left = True, [self.messages or -1]
            my.silent_stream = _stream(item.event) if self.one_stream else None
        if not my.silent or my.silent_stream not in (None, _stream(item.event)):
            return [item]
        wire.record(self, item, withheld=True)
        my.left[0] -= 1
        my.silent = my.left[0] != 0
        return []


class Abort(Fault):
    """The TCP connection is reset in place of the message."""

    def strike(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        wire.record(self, item, withheld=True)
        wire.socket.abort()
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed(Fault):
    """A message that cannot be read comes before this one, or with `replace` instead of it."""

    replace: bool = False

    def strike(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        if not isinstance(item.message, bytes):
            return [item]
        wire.record(self, item, withheld=self.replace)
        broken = Item(_broken(item.message, my.dice), None, None)
        return [broken] if self.replace else [broken, item]


class Unknown(Fault):
    """A message of a type nobody has heard of comes before this one."""

    def strike(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        wire.record(self, item)
        return [Item(wire.exchange.venue.strange(wire.socket), None, None), item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Huge(Fault):
    """The message is blown up to so many bytes with white space, which JSON allows."""

    size: int = 2 * 2**20

    def strike(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        if not isinstance(item.message, bytes):
            return [item]
        wire.record(self, item)
        item.message = item.message.ljust(self.size)
        return [item]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutdown(Fault):
    """The venue's notice of a shutdown, and after the grace the end of the connection."""

    grace_s: float = 0.2

    def strike(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        wire.record(self, item)
        notice = wire.exchange.venue.farewell(wire.socket, wire.exchange.now_us)
        wire.exchange.later(self.grace_s, wire.socket.close, 1001)
        return [item] if notice is None else [Item(notice, None, None), item]


# -- connections, requests, the clock ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(Fault):
    """A websocket is refused with this HTTP status."""

    status: int = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut(Fault):
    """A connection is closed at this age, as Binance does after 24 hours."""

    seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestError(Fault):
    """A request is answered with this status; 429 and 418 say how long to wait."""

    status: int = 503
    retry_after_s: float = 1.0


class RestGarbled(Fault):
    """The body of a reply breaks off in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaleSnapshot(Fault):
    """A book snapshot is so many depth updates old."""

    depths: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowSnapshot(Fault):
    """A book snapshot arrives so many seconds after it was taken."""

    seconds: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep(Fault):
    """The venue's clock jumps by so many seconds before the event of this number."""

    seconds: float = 5.0
    event: int = 0


MESSAGE_FAULTS = (Drop, Duplicate, Reorder, Split, Merge, Delay, Mute, Abort, Malformed, Unknown, Huge, Shutdown)


class Plan:
    """Faults and the seed of their dice: the same plan strikes the same messages of the same socket."""

    def __init__(self, seed: int = 0, faults: Sequence[Fault] = (), *, deflate: bool = False) -> None:
        self.seed = seed
        self.faults = tuple(faults)
        self.deflate = deflate
        self.active = True
        self._struck = [0] * len(self.faults)
        self._chances = [0] * len(self.faults)
        self._dice = [Random(f"{seed}/{n}") for n in range(len(self.faults))]

    @classmethod
    def random(cls, seed: int, intensity: float = 1.0) -> Plan:
        """About half of all kinds of faults. At intensity 1 some hundredths of the messages are touched and a
        connection lives for a few thousand; times are fractions of a second."""
        dice = Random(f"plan/{seed}")

        def rate(usual: float) -> float:
            return min(1.0, usual * intensity * dice.uniform(0.3, 2))

        every: list[Fault] = [
            Drop(rate=rate(0.01)),
            Duplicate(rate=rate(0.02)),
            Reorder(rate=rate(0.02), span=dice.randint(1, 20)),
            Malformed(rate=rate(0.003)),
            Malformed(rate=rate(0.003), replace=True),
            Unknown(rate=rate(0.003)),
            Merge(rate=rate(0.003), count=dice.randint(2, 6), lines=dice.random() < 0.5),
            Split(rate=rate(0.02), parts=dice.randint(2, 9)),
            Huge(rate=rate(0.0003), times=3),
            Delay(rate=rate(0.005), seconds=dice.uniform(0.01, 0.2)),
            Delay(rate=rate(0.001), seconds=dice.uniform(0.01, 0.2), stall=True),
            Mute(rate=rate(0.0005), messages=dice.randint(10, 400)),
            Mute(rate=rate(0.0005), one_stream=True),
            Mute(rate=rate(0.0002), times=2),
            Shutdown(rate=rate(0.0003), grace_s=dice.uniform(0.05, 0.3)),
            Abort(rate=rate(0.0005)),
            Refuse(rate=rate(0.4), times=5, status=dice.choice((429, 500, 502, 503))),
            Cut(rate=rate(0.5), seconds=dice.uniform(0.5, 3), times=5),
            RestError(rate=rate(0.1), status=dice.choice((429, 429, 418, 500, 503)), times=5),
            RestGarbled(rate=rate(0.05), times=5),
            StaleSnapshot(rate=rate(0.4), times=4, depths=dice.randint(5, 60)),
            SlowSnapshot(rate=rate(0.4), times=4, seconds=dice.uniform(0.1, 0.6)),
            ClockStep(seconds=dice.choice((-3600.0, -5.0, -0.7, 0.7, 5.0, 3600.0)), event=dice.randint(10, 5_000)),
        ]
        return cls(seed, [fault for fault in every if dice.random() < 0.5], deflate=dice.random() < 0.25)

    def __repr__(self) -> str:
        return f"Plan({self.seed}, {list(self.faults)}, deflate={self.deflate})"

    def strikes(self, n: int, dice: Random, chance: int) -> bool:
        """Whether fault number n strikes its chance of that number. The dice are thrown whatever the answer."""
        fault, thrown = self.faults[n], dice.random()
        if not self.active or thrown >= fault.rate or chance < fault.after:
            return False
        if fault.times is not None and self._struck[n] >= fault.times:
            return False
        self._struck[n] += 1
        return True

    def struck(self, kind: type[Fault]) -> Fault | None:
        """The fault of a kind that strikes a connection or a request, if one does."""
        found = None
        for n, fault in enumerate(self.faults):
            if isinstance(fault, kind):
                self._chances[n] += 1
                if self.strikes(n, self._dice[n], self._chances[n] - 1) and found is None:
                    found = fault
        return found


class Wire:
    """What one socket's messages go through."""

    def __init__(self, exchange: Exchange, plan: Plan, socket: Socket) -> None:
        self.exchange = exchange
        self.plan = plan
        self.socket = socket
        self._faults = [
            (fault, Memory(n, Random(f"{plan.seed}/{n}/{socket.number}")))
            for n, fault in enumerate(plan.faults)
            if isinstance(fault, MESSAGE_FAULTS)
        ]
        self._delayed: list[tuple[float, int, Item]] = []  # a heap: when due, in which order asked
        self._delays = 0

    def push(self, number: int, event: Event, message: bytes) -> None:
        items = [Item(message, number, event)]
        for fault, memory in self._faults:
            out: list[Item] = []
            for item in items:
                # what no event made is left alone: it is a fault already
                out += [item] if item.event is None else fault.apply(item, self, memory)
            items = out
        self._send_due()
        now_s = asyncio.get_running_loop().time()
        for item in items:
            if item.due_s > now_s:
                self._delays += 1
                heapq.heappush(self._delayed, (item.due_s, self._delays, item))
                self.exchange.later(item.due_s - now_s + 0.001, self._send_due)
            else:
                self._send(item)

    def strikes(self, fault: Fault, memory: Memory, item: Item) -> bool:
        if fault.only is not None and not isinstance(item.event, fault.only):
            return False
        memory.chances += 1
        return self.plan.strikes(memory.n, memory.dice, memory.chances - 1)

    def record(self, fault: Fault, item: Item, *, withheld: bool = False) -> None:
        name = type(fault).__name__
        self.exchange.ledger.injected.append(Injected(name, self.socket.number, item.number, withheld))

    def count_sent(self, item: Item) -> None:
        if item.number is not None and not self.socket.closed:
            self.exchange.ledger.count_sent(item.number)

    def _send(self, item: Item) -> None:
        self.count_sent(item)
        self.socket.send(item.message)

    def _send_due(self) -> None:
        while self._delayed and self._delayed[0][0] <= asyncio.get_running_loop().time():
            self._send(heapq.heappop(self._delayed)[2])

    def _take_held(self) -> list[Item]:
        held = [item for _, memory in self._faults for item in memory.held]
        held += [item for _, _, item in sorted(self._delayed)]
        for _, memory in self._faults:
            memory.held, memory.left, memory.silent, memory.until_s = [], [], False, 0.0
        self._delayed = []
        return held

    def release(self) -> None:
        """Sends whatever is held back; nothing is silent any more."""
        for item in self._take_held():
            self._send(item)

    def end(self) -> None:
        """The socket is gone: what was still held is withheld for ever."""
        for item in self._take_held():
            self.exchange.ledger.injected.append(Injected("Held", self.socket.number, item.number, True))


def stale(book: Book, exchange: Exchange, symbol: str, fault: StaleSnapshot) -> Book:
    """The book as it was before the last so many depth updates; the present one where there were fewer."""
    depths = exchange.market.tapes[symbol].depths
    if len(depths) <= fault.depths:
        return book
    return exchange.market.tapes[symbol].book_at(depths[-fault.depths - 1].last_id)


def _stream(event: Event | None) -> tuple[str, type] | None:
    return None if event is None else (event.symbol, type(event))


def _broken(message: bytes, dice: Random) -> bytes:
    """A copy that is no JSON any more, or that holds no number where one must be."""
    match dice.randrange(4):
        case 0:
            return message[: dice.randrange(1, len(message))]
        case 1:
            return message.replace(b":", b"", 1)
        case 2:
            return b"<html><body>502 Bad Gateway</body></html>"
        case _:
            for key in (b'"p":"', b'"b":"', b'"b":[["', b'"a":[["'):
                before, found, after = message.partition(key)
                if found:
                    return before + found + dice.choice((b"NaN", b"1e999", b"-", b"")) + after[after.index(b'"') :]
            return message[:-1]
