"""The truth a simulated exchange serves: trades, quotes and order books of its symbols, and the ledger of them all."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple, Protocol, TypeVar

Levels = tuple[tuple[str, str], ...]


class Trade(NamedTuple):
    """Prices and quantities are the venue's own digits; `ts_us` when it happened, `sent_us` when it was published."""

    symbol: str
    ts_us: int
    sent_us: int
    trade_id: int
    price: str
    quantity: str
    buyer_is_maker: bool


class Quote(NamedTuple):
    symbol: str
    ts_us: int
    sent_us: int
    update_id: int
    bid: str
    bid_quantity: str
    ask: str
    ask_quantity: str


class Depth(NamedTuple):
    """Changed levels of a book, quantity zero for those that went; `previous_id` is the last id of the one before."""

    symbol: str
    ts_us: int
    sent_us: int
    first_id: int
    last_id: int
    previous_id: int
    bids: Levels
    asks: Levels


Event = Trade | Quote | Depth
E = TypeVar("E", Trade, Quote, Depth)


@dataclass(frozen=True, slots=True)
class Instrument:
    symbol: str
    base: str
    quote: str
    price_step: str
    quantity_step: str


class Book:
    """Price → quantity on both sides, as the venue writes them, at one update id."""

    __slots__ = ("asks", "bids", "update_id")

    def __init__(self, update_id: int, bids: Iterable[tuple[str, str]], asks: Iterable[tuple[str, str]]) -> None:
        self.update_id = update_id
        self.bids = dict(bids)
        self.asks = dict(asks)

    def copy(self) -> Book:
        return Book(self.update_id, self.bids.items(), self.asks.items())

    def apply(self, depth: Depth) -> None:
        for side, levels in ((self.bids, depth.bids), (self.asks, depth.asks)):
            for price, quantity in levels:
                if float(quantity) == 0:
                    side.pop(price, None)
                else:
                    side[price] = quantity
        self.update_id = depth.last_id

    def overlay(self, quotes: Sequence[Quote]) -> None:
        """What later quotes say of a book, in order: two levels each, and that nothing is better."""
        for side, better, price, quantity in (
            (self.bids, 1, attrgetter("bid"), attrgetter("bid_quantity")),
            (self.asks, -1, attrgetter("ask"), attrgetter("ask_quantity")),
        ):
            said: dict[str, str] = {}
            worst = float("inf")
            for quote in quotes:
                best = better * float(price(quote))
                worst = min(worst, best)
                said = {p: q for p, q in said.items() if better * float(p) <= best}
                said[price(quote)] = quantity(quote)
            for p in [p for p in side if better * float(p) > worst]:
                del side[p]
            side.update(said)
        if quotes:
            self.update_id = quotes[-1].update_id

    def top(self, levels: int) -> tuple[Levels, Levels]:
        """The best levels of both sides, best first."""
        bids = sorted(self.bids.items(), key=lambda level: -float(level[0]))[:levels]
        asks = sorted(self.asks.items(), key=lambda level: float(level[0]))[:levels]
        return tuple(bids), tuple(asks)


class Source(Protocol):
    """One symbol's life: the book it begins with, then its events, each with a time that never goes back."""

    instrument: Instrument
    book: Book
    first_trade_id: int

    def events(self) -> Iterator[tuple[int, Event]]: ...


@dataclass(slots=True)
class Tape:
    """All that happened to one symbol. Trade ids are contiguous; update ids of quotes and depths are one series."""

    instrument: Instrument
    live: Book  # after the last depth
    trades: list[Trade] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    depths: list[Depth] = field(default_factory=list)
    _checkpoints: list[tuple[int, Book]] = field(default_factory=list)  # the book before the depth of that number
    _cursor: tuple[int, Book] | None = None

    _CHECKPOINT_DEPTHS = 500

    def add(self, event: Event) -> None:
        match event:
            case Trade():
                self.trades.append(event)
            case Quote():
                self.quotes.append(event)
            case Depth():
                if len(self.depths) % self._CHECKPOINT_DEPTHS == 0:
                    self._checkpoints.append((len(self.depths), self.live.copy()))
                self.depths.append(event)
                self.live.apply(event)

    def forget(self, keep: int) -> None:
        """Lets go of all but about the last `keep` of each kind. Books are known from the first kept depth on."""
        del self.trades[:-keep], self.quotes[:-keep]
        cut = max(len(self.depths) - keep, 0) // self._CHECKPOINT_DEPTHS
        del self.depths[: cut * self._CHECKPOINT_DEPTHS]
        self._checkpoints = [(n - cut * self._CHECKPOINT_DEPTHS, book) for n, book in self._checkpoints[cut:]]
        self._cursor = None

    def trade(self, trade_id: int) -> Trade | None:
        found = self.trades_from(trade_id, 1)
        return found[0] if found and found[0].trade_id == trade_id else None

    def trades_from(self, trade_id: int, limit: int) -> list[Trade]:
        if not self.trades:
            return []
        first = max(trade_id - self.trades[0].trade_id, 0)
        return self.trades[first : first + limit]

    def book(self) -> Book:
        """The book after the last depth: at its id all levels are known, later quotes tell only of the best."""
        return self.live.copy()

    def best(self) -> tuple[tuple[str, str], tuple[str, str]]:
        """Price and quantity of the best bid and ask now: of the last quote, or of the book if that is newer."""
        if self.quotes and self.quotes[-1].update_id >= self.live.update_id:
            quote = self.quotes[-1]
            return (quote.bid, quote.bid_quantity), (quote.ask, quote.ask_quantity)
        (bid,), (ask,) = self.live.top(1)
        return bid, ask

    def book_at(self, update_id: int) -> Book:
        """The book as it was at an update id; cheap when asked in rising order."""
        after = bisect_right(self.depths, update_id, key=attrgetter("last_id"))
        number, book = self._cursor or (after + 1, self.live)
        if number > after or after - number > self._CHECKPOINT_DEPTHS:
            at = bisect_right(self._checkpoints, after, key=lambda checkpoint: checkpoint[0]) - 1
            if at < 0:
                return self._with_quotes(self.live.copy(), update_id)
            number, book = self._checkpoints[at][0], self._checkpoints[at][1].copy()
        for depth in self.depths[number:after]:
            book.apply(depth)
        self._cursor = (after, book)
        return self._with_quotes(book.copy(), update_id)

    def _with_quotes(self, book: Book, until: int | None) -> Book:
        key = attrgetter("update_id")
        first = bisect_right(self.quotes, book.update_id, key=key)
        end = len(self.quotes) if until is None else bisect_right(self.quotes, until, key=key)
        book.overlay(self.quotes[first:end])
        return book

    def quote_at(self, update_id: int) -> Quote | None:
        at = bisect_left(self.quotes, update_id, key=attrgetter("update_id"))
        found = self.quotes[at] if at < len(self.quotes) else None
        return found if found and found.update_id == update_id else None


@dataclass(frozen=True, slots=True)
class Injected:
    """A fault that was done: to which socket (None: a REST reply, a refused connection or the whole venue), to which
    event (its number in the ledger), and whether the event therefore never went out on that socket."""

    fault: str
    socket: int | None = None
    event: int | None = None
    withheld: bool = False
    note: str = ""


class Ledger:
    """Everything that happened, in order, how often each event was sent, and every fault.

    With `keep` only about the last so many events (up to twice as many), for runs that last.
    """

    def __init__(self, tapes: dict[str, Tape], keep: int | None = None) -> None:
        self.tapes = tapes
        self.first = 0  # the number of the first event kept
        self.events: list[Event] = []
        self._keep = keep
        self.sent = bytearray()  # how many sockets were sent the event of that number, up to 255
        self.injected: list[Injected] = []

    def add(self, event: Event) -> int:
        """Returns the event's number."""
        self.events.append(event)
        self.sent.append(0)
        self.tapes[event.symbol].add(event)
        return self.end - 1

    @property
    def end(self) -> int:
        """The number of the next event."""
        return self.first + len(self.events)

    def event(self, number: int) -> Event:
        return self.events[number - self.first]

    def count_sent(self, number: int) -> None:
        at = number - self.first
        if at >= 0 and self.sent[at] < 255:
            self.sent[at] += 1

    def trim(self) -> None:
        """Forgets what need not be kept; asked between events, since it moves `first`."""
        if self._keep is not None and len(self.events) > 2 * self._keep:
            self.first += len(self.events) - self._keep
            del self.events[: -self._keep], self.sent[: -self._keep], self.injected[: -self._keep]
            for tape in self.tapes.values():
                tape.forget(self._keep)

    def never_sent(self, symbol: str, kind: type[E], since: int = 0) -> list[E]:
        """Events of a symbol from the number `since` on that were written to no socket at all."""
        at = max(since - self.first, 0)
        return [
            event
            for event, sent in zip(self.events[at:], self.sent[at:], strict=True)
            if not sent and event.symbol == symbol and isinstance(event, kind)
        ]


class Market:
    """Several symbols on one venue clock, moved only by what is asked of it."""

    def __init__(self, sources: Sequence[Source], *, seed: int = 0, keep_events: int | None = None) -> None:
        tapes = {s.instrument.symbol: Tape(s.instrument, s.book.copy()) for s in sources}
        assert len(tapes) == len(sources), "each symbol needs one source"
        self.ledger = Ledger(tapes, keep_events)
        self._random = random.Random(seed)
        self._first_trade_id = {s.instrument.symbol: s.first_trade_id for s in sources}
        self._id_shift = dict.fromkeys(tapes, 0)  # what bursts have added to the sources' trade ids
        self._shift_us = 0  # what bursts and clock steps have added to the sources' time
        self.clock_steps: dict[int, int] = {}  # before the event of that number the clock jumps by so many µs
        self._next: list[tuple[int, int, Event, Iterator[tuple[int, Event]]]] = []
        for n, source in enumerate(sources):
            self._await(n, source.events())
        self._source_us = self._next[0][0] if self._next else 0

    @property
    def tapes(self) -> dict[str, Tape]:
        return self.ledger.tapes

    @property
    def now_us(self) -> int:
        return self._source_us + self._shift_us

    @property
    def next_us(self) -> int | None:
        """When the next event is due; None when there is none."""
        return self._next[0][0] + self._shift_us if self._next else None

    def advance(self, events: int) -> range:
        """The next events happen. Returns their numbers in the ledger; fewer when the sources end."""
        first = self.ledger.end
        for _ in range(events):
            if not self._next:
                break
            self._one()
        return range(first, self.ledger.end)

    def advance_to(self, us: int, at_most: int = 1_000_000) -> range:
        """All that happens up to an instant; the clock then shows it."""
        first = self.ledger.end
        while self._next and self._next[0][0] + self._shift_us <= us:
            self._one()
            if self.ledger.end - first >= at_most:
                break
        else:
            self._source_us = max(self._source_us, us - self._shift_us)
        return range(first, self.ledger.end)

    def burst(self, symbol: str, trades: int, per_ms: int = 100) -> range:
        """That many trades at the present best prices, quicker than the source would make them."""
        tape, first = self.tapes[symbol], self.ledger.end
        last = tape.trades[-1].trade_id if tape.trades else self._first_trade_id[symbol] - 1
        (bid, _), (ask, _) = tape.best()
        prices = (ask, bid)
        step = tape.instrument.quantity_step
        digits = len(step.partition(".")[2])
        quantities = [f"{self._random.randint(1, 9999) * float(step):.{digits}f}" for _ in range(256)]
        begin_us, add = self.now_us // 1000 * 1000, self.ledger.add
        for n in range(trades):
            ts_us, sells = begin_us + n // per_ms * 1000, self._random.random() < 0.5
            add(Trade(symbol, ts_us, ts_us, last + 1 + n, prices[sells], quantities[n & 255], sells))
        self._id_shift[symbol] += trades
        self._shift_us += max(trades - 1, 0) // per_ms * 1000
        return range(first, self.ledger.end)

    def step_clock(self, us: int) -> None:
        """The venue's clock jumps, ahead or back; later events are stamped by it."""
        self._shift_us += us
        self.ledger.injected.append(Injected("ClockStep", event=self.ledger.end, note=f"{us} µs"))

    def last_words(self) -> range:
        """Each symbol trades once more and moves its book once more, whatever else happens until then."""
        first = self.ledger.end
        for symbol in self.tapes:
            self.burst(symbol, 1)
        moved: set[str] = set()
        while self._next and moved != self.tapes.keys() and self.ledger.end - first < 20_000:
            self._one()
            if isinstance(event := self.ledger.events[-1], Depth):
                moved.add(event.symbol)
        return range(first, self.ledger.end)

    def _await(self, n: int, events: Iterator[tuple[int, Event]]) -> None:
        found = next(events, None)
        if found is not None:
            heapq.heappush(self._next, (found[0], n, found[1], events))

    def _one(self) -> None:
        number = self.ledger.end
        if number in self.clock_steps:
            self.step_clock(self.clock_steps.pop(number))
        due_us, n, event, events = self._next[0]
        found = next(events, None)
        if found is None:
            heapq.heappop(self._next)
        else:
            heapq.heapreplace(self._next, (found[0], n, found[1], events))
        self._source_us = max(self._source_us, due_us)
        if self._shift_us:
            event = event._replace(ts_us=event.ts_us + self._shift_us, sent_us=event.sent_us + self._shift_us)
        if isinstance(event, Trade) and self._id_shift[event.symbol]:
            event = event._replace(trade_id=event.trade_id + self._id_shift[event.symbol])
        self.ledger.add(event)
