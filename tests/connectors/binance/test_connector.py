"""The Binance connector on real sockets, against the ledger of a simulated exchange."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from tapeql.connectors import venue_named
from tapeql.connectors.binance import subscriptions
from tapeql.connectors.binance.connector import BinanceConnector
from tapeql.connectors.book import Book
from tapeql.connectors.events import (
    BookDelta,
    BookSnapshot,
    Ending,
    Event,
    Heartbeat,
    Kind,
    Quote,
    Refused,
    Subscribed,
    Trade,
)
from tapeql.connectors.settings import settings_of
from tapeql.connectors.venue import Lost
from tests.exchange.binance import Binance
from tests.exchange.faults import Abort, Drop, Merge, Plan, Refuse, Shutdown, Split
from tests.exchange.generator import Generated
from tests.exchange.market import Depth, Market
from tests.exchange.server import Exchange
from tests.servers import free_port

each_market = pytest.mark.parametrize("name", ["binance", "binanceusdm"])
SYMBOLS = ("BTCUSDT", "ETHUSDT")

Ask = Callable[[Exchange, BinanceConnector], Coroutine[Any, Any, None]]


def connect(name: str, exchange: Exchange) -> BinanceConnector:
    made = venue_named(name).connector(settings_of(venue_named(name), exchange.environ()), time.time_ns)
    assert isinstance(made, BinanceConnector)
    return made


def on_exchange(name: str, ask: Ask, *, plan: Plan | None = None, symbols: Sequence[str] = SYMBOLS) -> None:
    async def run() -> None:
        futures = name == "binanceusdm"
        market = Market([Generated(symbol, seed=n, futures=futures) for n, symbol in enumerate(symbols)])
        async with Exchange(market, Binance(futures=futures), plan=plan) as exchange:
            made = connect(name, exchange)
            try:
                await ask(exchange, made)
            finally:
                await made.disconnect()

    asyncio.run(asyncio.wait_for(run(), 60))


async def heard(made: BinanceConnector, enough: Callable[[list[Event]], bool]) -> list[Event]:
    """Everything until it is enough."""
    events: list[Event] = []
    while not enough(events):
        events += await asyncio.wait_for(made.receive(), 10)
    return events


def subscribed(events: Sequence[Event]) -> set[tuple[Kind, str]]:
    return {(e.kind, symbol) for e in events if isinstance(e, Subscribed) for symbol in e.symbols}


@each_market
def test_what_was_asked_for_is_heard_and_nothing_else(name: str) -> None:
    """Trades of one symbol, quotes of another, a book of both: each event once, as the ledger has it."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await made.subscribe_ticks(["BTCUSDT"])
        await made.subscribe_quotes(["ETHUSDT"])
        await made.subscribe_order_book(SYMBOLS)
        await made.connect()
        await exchange.step(3000)
        bitcoin, ether = (exchange.market.tapes[symbol] for symbol in SYMBOLS)
        count = len(bitcoin.trades) + len(ether.quotes) + len(bitcoin.depths) + len(ether.depths)
        events = await heard(made, lambda events: sum(not isinstance(e, Subscribed) for e in events) >= count)
        assert events[:4] == [
            Subscribed("trades", ("BTCUSDT",)),
            Subscribed("quotes", ("ETHUSDT",)),
            *(Subscribed("book", (symbol,)) for symbol in SYMBOLS),
        ]
        by_type: dict[tuple[type, str], list[Any]] = defaultdict(list)
        for event in events[4:]:
            by_type[type(event), event.symbol].append(event)  # type: ignore[union-attr]
        assert set(by_type) == {(Trade, "BTCUSDT"), (Quote, "ETHUSDT"), *((BookDelta, s) for s in SYMBOLS)}
        assert [(t.seq, t.ts_us, t.price) for t in by_type[Trade, "BTCUSDT"]] == [
            (t.trade_id, t.ts_us, float(t.price)) for t in bitcoin.trades
        ]
        assert [(q.update_id, q.bid, q.ask_size) for q in by_type[Quote, "ETHUSDT"]] == [
            (q.update_id, float(q.bid), float(q.ask_quantity)) for q in ether.quotes
        ]
        for tape in (bitcoin, ether):
            assert [(d.first_id, d.last_id) for d in by_type[BookDelta, tape.instrument.symbol]] == [
                (d.first_id, d.last_id) for d in tape.depths
            ]

    on_exchange(name, ask)


def test_frames_in_pieces_and_in_lumps_say_the_same() -> None:
    """Fragments and arrays lose nothing."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await made.subscribe_ticks(["BTCUSDT"])
        await made.connect()
        await exchange.burst("BTCUSDT", 600)
        ids = [t.trade_id for t in exchange.market.tapes["BTCUSDT"].trades]
        events = await heard(made, lambda events: len(events) >= len(ids) - 3)
        seqs = [e.seq for e in events if isinstance(e, Trade)]
        assert seqs == ids[: len(seqs)]

    on_exchange("binance", ask, plan=Plan(3, [Merge(rate=0.3, count=4), Split(rate=0.3)]))


def test_symbols_come_and_go_on_an_open_connection() -> None:
    """A subscription is told when the venue has taken it; after unsubscribing there is silence about that symbol."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await made.subscribe_ticks(["BTCUSDT"])
        await made.connect()
        await made.subscribe_ticks(["BTCUSDT", "ETHUSDT"])
        await made.subscribe_quotes(["ETHUSDT"])
        await heard(made, lambda events: len(subscribed(events)) == 3)
        await made.unsubscribe(["ETHUSDT"], ["trades"])
        await heard(made, lambda events: any(isinstance(event, Heartbeat) for event in events))
        ((_, socket),) = exchange.sockets.items()
        assert set(socket.streams) == {"btcusdt@trade", "ethusdt@bookTicker"}

    on_exchange("binance", ask)


def test_more_symbols_than_an_address_holds_are_asked_for_by_message() -> None:
    """Every one of hundreds is told to be subscribed, once."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        many = [f"S{n}USDT" for n in range(300)]
        await made.subscribe_ticks(many)
        await made.subscribe_order_book(many[:100])
        await made.connect()
        events = await heard(made, lambda events: len(subscribed(events)) == 400)
        told = [symbol for e in events if isinstance(e, Subscribed) for symbol in e.symbols]
        assert len(told) == 400
        ((_, socket),) = exchange.sockets.items()
        assert len(socket.streams) == 400

    on_exchange("binance", ask)


def test_names_beyond_ascii_are_asked_for() -> None:
    """An address carries them in percent signs, a message as they are."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await made.subscribe_ticks(["币安人生USDT"])
        await made.connect()
        ((_, socket),) = exchange.sockets.items()
        assert set(socket.streams) == {"币安人生usdt@trade"}

    on_exchange("binance", ask)


def test_a_refused_subscription_names_its_symbols() -> None:
    """The venue's complaint is told for every symbol it is about."""
    made = venue_named("binance").connector(settings_of(venue_named("binance"), {}), time.time_ns)
    assert isinstance(made, BinanceConnector)
    made._ask("trades", ["A", "B"])
    complaint = b'{"error":{"code":2,"msg":"Invalid request"},"id":1}'
    assert made._decode(complaint, 9) == [Refused("error", "Invalid request", symbol) for symbol in ("A", "B")]
    assert made._decode(complaint, 9) == [Refused("error", "Invalid request")]


def test_an_address_without_streams_is_plain() -> None:
    """Who wants nothing yet asks for nothing."""
    assert subscriptions.path([]) == "/stream"
    assert subscriptions.path(["btcusdt@trade", "ethusdt@depth@100ms"]) == (
        "/stream?streams=btcusdt@trade/ethusdt@depth@100ms"
    )


@each_market
def test_a_book_heals_by_a_snapshot_of_its_own(name: str) -> None:
    """After lost deltas a gap is told, a snapshot asked for, and the book is the exchange's again."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await made.subscribe_order_book(["BTCUSDT"])
        await made.connect()
        sync, book, gaps, applied = made.book_sync("BTCUSDT"), Book(), 0, None
        for _ in range(40):
            await exchange.step(200)
            last = exchange.market.tapes["BTCUSDT"].depths[-1].last_id
            applied = None
            while applied is None or applied < last:
                try:
                    events = await asyncio.wait_for(made.receive(), 0.3)
                except TimeoutError:
                    break
                for event in events:
                    if not isinstance(event, BookDelta):
                        continue
                    synced = sync.on_delta(event)
                    gaps += synced.gap is not None
                    kept = list(synced.events)
                    if synced.wants_snapshot:
                        snapshot = await made.resync_book("BTCUSDT")
                        assert snapshot is not None
                        kept += sync.on_snapshot(snapshot).events
                    for each in kept:
                        if isinstance(each, BookSnapshot):
                            book.replace(each.bids, each.asks)
                        else:
                            book.apply(each.bids, each.asks)
                        applied = each.last_id
                        assert not book.crossed
        lost = [i for i in exchange.ledger.injected if i.withheld]
        assert len(lost) == 5
        assert 1 <= gaps <= 5
        exchange.plan.active = False
        bids, asks = exchange.market.tapes["BTCUSDT"].book_at(applied).top(10_000)
        assert book.bids.top() == [(float(price), float(size)) for price, size in bids]
        assert book.asks.top() == [(float(price), float(size)) for price, size in asks]

    on_exchange(name, ask, plan=Plan(5, [Drop(rate=0.02, after=100, times=5, only=Depth)]), symbols=["BTCUSDT"])


def test_a_refused_connection_tells_the_venues_wish() -> None:
    """The status and how long to stay away."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await made.subscribe_ticks(["BTCUSDT"])
        with pytest.raises(Lost, match=r"Binance answered 503"):
            await made.connect()
        await made.connect()

    on_exchange("binance", ask, plan=Plan(1, [Refuse(status=503, times=1)]))


def test_a_connection_that_breaks_is_lost_with_its_reason() -> None:
    """A reset is 1006; a close frame tells its own code; a shutdown is announced before."""

    async def reset(exchange: Exchange, made: BinanceConnector) -> None:
        await made.subscribe_ticks(["BTCUSDT"])
        await made.connect()
        await exchange.burst("BTCUSDT", 10)
        with pytest.raises(Lost) as caught:
            await heard(made, lambda events: False)
        assert caught.value.code == 1006

    async def shutdown(exchange: Exchange, made: BinanceConnector) -> None:
        await made.subscribe_ticks(["BTCUSDT"])
        await made.connect()
        await exchange.burst("BTCUSDT", 10)
        events = await heard(made, lambda events: sum(isinstance(event, Trade) for event in events) == 10)
        assert any(isinstance(event, Ending) for event in events)
        with pytest.raises(Lost) as caught:
            await made.receive()
        assert caught.value.code == 1001

    on_exchange("binance", reset, plan=Plan(1, [Abort(after=5, times=1)]))
    on_exchange("binance", shutdown, plan=Plan(1, [Shutdown(after=5, times=1)]))


def test_receive_may_be_cancelled() -> None:
    """Who stops waiting loses nothing."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await made.subscribe_ticks(["BTCUSDT"])
        await made.connect()
        await made.receive()
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(made.receive(), 0.01)
        await exchange.burst("BTCUSDT", 50)
        events = await heard(made, lambda events: len(events) == 50)
        assert [e.seq for e in events if isinstance(e, Trade)] == [
            t.trade_id for t in exchange.market.tapes["BTCUSDT"].trades
        ]

    on_exchange("binance", ask)


def test_nobody_there_is_lost_and_can_be_left_twice() -> None:
    """An unreachable venue, and a connector that never connected."""
    venue = venue_named("binance")
    place = {"TAPEQL_BINANCE_WS_URL": f"ws://127.0.0.1:{free_port()}"}

    async def run() -> None:
        made = venue.connector(settings_of(venue, place), time.time_ns)
        with pytest.raises(Lost, match=r"Binance cannot be reached: .*Connect call failed"):
            await made.connect()
        with pytest.raises(Lost, match="not connected"):
            await made.receive()
        await made.disconnect()
        await made.disconnect()

    asyncio.run(run())
