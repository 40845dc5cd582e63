"""Kraken's streams over sockets on loopback, against the ledger of a simulated exchange."""

from __future__ import annotations

import asyncio

import pytest

from tapeql.connectors.book import Book
from tapeql.connectors.events import BookDelta, BookSnapshot, Event, Heartbeat, Quote, Refused, Subscribed, Trade
from tapeql.connectors.kraken.connector import KrakenConnector
from tapeql.connectors.venue import Lost
from tests.connectors.kraken.simulated import CODE, OTHER, identity, of, on_exchange, until
from tests.exchange.faults import Abort, Drop, Merge, Plan, Refuse, Split, Unknown
from tests.exchange.kraken import Kraken
from tests.exchange.market import Depth
from tests.exchange.server import Exchange


async def subscribed(made: KrakenConnector, kinds: int, codes: tuple[str, ...] = (CODE, OTHER)) -> list[Event]:
    return await until(made, lambda events: len(of(Subscribed, events)) == kinds * len(codes))


async def told(exchange: Exchange, made: KrakenConnector) -> list[Event]:
    """All that was sent so far: until the answer to a subscription of a symbol that is not there."""
    await made.subscribe_ticks(["NO/SUCH"])
    await made.unsubscribe(["NO/SUCH"], ["trades"])
    return await until(made, lambda events: len(of(Refused, events, "NO/SUCH")) == 2)


def test_what_happens_is_received() -> None:
    """Trades, those before the subscription too, and quotes are the ledger's; heartbeats come in silence."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await exchange.step(500)
        before = len(exchange.market.tapes[CODE].trades)
        quotes_before = len(exchange.market.tapes[CODE].quotes)
        await made.subscribe_ticks([CODE, OTHER])
        await made.connect()
        await made.subscribe_quotes([CODE])
        events = await until(made, lambda events: len(of(Subscribed, events)) == 2)
        await exchange.step(3000)
        events += await told(exchange, made)
        made_trades = exchange.market.tapes[CODE].trades
        assert [identity(t) for t in of(Trade, events)] == [identity(t) for t in made_trades[max(0, before - 50) :]]
        quotes = [(q.ts_us, q.bid, q.bid_size, q.ask, q.ask_size) for q in of(Quote, events)[1:]]
        assert quotes == [
            (q.ts_us, float(q.bid), float(q.bid_quantity), float(q.ask), float(q.ask_quantity))
            for q in exchange.market.tapes[CODE].quotes[quotes_before:]
        ]
        assert {quote.update_id for quote in of(Quote, events)} == {None}
        assert await until(made, lambda events: any(isinstance(event, Heartbeat) for event in events))

    on_exchange(ask, venue=Kraken(beat_s=0.05))


@pytest.mark.parametrize("depth", [10, 100])
def test_books_are_the_markets(depth: int) -> None:
    """After every update the book rebuilt from what is kept is the market's, to the depth asked for; no gap."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await exchange.step(100)
        await made.subscribe_order_book([CODE, OTHER])
        await made.connect()
        events = await subscribed(made, 1)
        first = len(exchange.market.tapes[CODE].depths)
        await exchange.step(4000)
        events += await told(exchange, made)
        sync, rebuilt = made.book_sync(CODE), Book()
        depths = iter(exchange.market.tapes[CODE].depths[first:])
        compared = 0
        for event in of(BookSnapshot, events)[:1] + of(BookDelta, events):
            synced = sync.on_snapshot(event) if isinstance(event, BookSnapshot) else sync.on_delta(event)
            assert (synced.gap, synced.wants_snapshot) == (None, False)
            (kept,) = synced.events
            if isinstance(kept, BookSnapshot):
                rebuilt.replace(kept.bids, kept.asks)
                continue
            rebuilt.apply(kept.bids, kept.asks)
            at = next(each for each in depths if each.ts_us == kept.ts_us)
            bids, asks = exchange.market.tapes[CODE].book_at(at.last_id).top(depth)
            assert rebuilt.bids.top() == [(float(price), float(size)) for price, size in bids]
            assert rebuilt.asks.top() == [(float(price), float(size)) for price, size in asks]
            compared += 1
        assert compared > 200

    on_exchange(ask, environ={"TAPEQL_KRAKEN_BOOK_DEPTH": str(depth)})


def test_a_dropped_delta_resyncs_its_book_alone() -> None:
    """The checksum tells; one subscription made anew brings the book back, and the other book never stops."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await made.subscribe_order_book([CODE, OTHER])
        await made.connect()
        syncs = {code: made.book_sync(code) for code in (CODE, OTHER)}
        gaps: list[str] = []
        begun: list[str] = []
        events = await subscribed(made, 1)
        for n in range(200):
            for event in (e for e in events if isinstance(e, BookSnapshot | BookDelta)):
                sync = syncs[event.symbol]
                synced = sync.on_snapshot(event) if isinstance(event, BookSnapshot) else sync.on_delta(event)
                begun += [kept.symbol for kept in synced.events if isinstance(kept, BookSnapshot)]
                gaps += [event.symbol] if synced.gap else []
                if synced.wants_snapshot:
                    assert await made.resync_book(event.symbol) is None
            if len(begun) == 3 and n > 40:
                break
            await exchange.step(20)
            events = await told(exchange, made)
        assert len(gaps) == 1
        assert sorted(begun) == sorted([CODE, OTHER, *gaps])

    on_exchange(ask, plan=Plan(3, [Drop(only=Depth, after=30, times=1)]))


def test_merged_split_and_unknown_frames_lose_nothing() -> None:
    """Whatever the frames, each trade arrives once."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await made.subscribe_ticks([CODE])
        await made.connect()
        await until(made, lambda events: len(of(Subscribed, events)) == 1)
        await exchange.step(3000)
        await exchange.quiesce()
        events = await told(exchange, made)
        trades = sorted(identity(trade) for trade in of(Trade, events))
        assert trades == [identity(trade) for trade in exchange.market.tapes[CODE].trades]
        assert any(isinstance(event, Refused) and event.reason == "weather" for event in events)

    faults = [Merge(rate=0.1), Merge(rate=0.1, lines=True), Split(rate=0.1), Unknown(rate=0.05)]
    on_exchange(ask, plan=Plan(5, faults))


def test_an_unknown_symbol_is_told_by_name() -> None:
    """The others of the same request are subscribed."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await made.subscribe_ticks(["BTX/USD", CODE])
        await made.connect()
        events = await until(made, lambda events: len(of(Subscribed, events)) == 1)
        (refused,) = of(Refused, events, "BTX/USD")
        assert refused.kind == "error"
        assert "not supported" in refused.reason

    on_exchange(ask)


def test_unsubscribing_ends_a_stream() -> None:
    """Nothing of the kind comes any more, the others go on."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await made.subscribe_ticks([CODE])
        await made.subscribe_quotes([CODE])
        await made.connect()
        await until(made, lambda events: len(of(Subscribed, events)) == 2)
        await made.unsubscribe([CODE], ["trades"])
        await exchange.step(500)
        events = await told(exchange, made)
        assert not of(Trade, events)
        assert of(Quote, events)

    on_exchange(ask)


def test_the_end_of_a_connection_is_told_with_its_reason() -> None:
    """A reset is 1006; a refusal has its status, and the wish to wait."""

    async def reset(exchange: Exchange, made: KrakenConnector) -> None:
        await made.subscribe_ticks([CODE])
        await made.connect()
        await until(made, lambda events: len(of(Subscribed, events)) == 1)
        await exchange.step(500)
        with pytest.raises(Lost) as caught:
            await until(made, lambda events: False)
        assert caught.value.code == 1006

    async def refused(exchange: Exchange, made: KrakenConnector) -> None:
        with pytest.raises(Lost, match="Kraken answered 429"):
            await made.connect()
        await asyncio.wait_for(made.connect(), 10)

    on_exchange(reset, plan=Plan(1, [Abort(after=10, times=1)]))
    on_exchange(refused, plan=Plan(1, [Refuse(status=429, times=1)]))
