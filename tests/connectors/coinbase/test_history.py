"""Coinbase's history over HTTP on loopback, against the ledger of a simulated exchange."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal
from typing import Any

import pytest

from tapeql.connectors import venue_named
from tapeql.connectors.coinbase.allowance import Allowance
from tapeql.connectors.coinbase.candles import windows
from tapeql.connectors.coinbase.connector import CoinbaseConnector
from tapeql.connectors.events import Candle, Trade
from tapeql.connectors.settings import settings_of
from tapeql.connectors.venue import Venue
from tapeql.errors import ConnectionFailed, DataError, VenueError
from tests.connectors.coinbase.loopback import on_exchange
from tests.exchange.faults import Plan, RestError
from tests.exchange.server import Exchange
from tests.servers import free_port

SYMBOL = "BTC-USD"
QUIET: dict[str, Any] = {"symbols": (SYMBOL,), "orders_per_s": 0.02, "trades_per_s": 0.3}

both = pytest.mark.parametrize("name", ["coinbase", "coinbaseexchange"])


async def pages(connector: CoinbaseConnector, **asked: Any) -> list[Trade]:
    found: list[Trade] = []
    async for page in connector.fetch_ticks(SYMBOL, **asked):
        assert page
        found += [trade for trade in page if isinstance(trade, Trade)]
    return found


@both
def test_trades_are_paged_from_an_id_or_an_instant_to_the_present(name: str) -> None:
    """Whatever is asked, the pages are the ledger's trades from there on, each once, oldest first."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await exchange.skip(6 * 3600)
        ledger = exchange.ledger.tapes[SYMBOL].trades
        assert len(ledger) > 6000
        told = [
            Trade(
                name, SYMBOL, str(t.trade_id), t.trade_id, t.ts_us, 0, float(t.price), float(t.quantity),
                "sell" if t.buyer_is_maker else "buy",
            )
            for t in ledger
        ]  # fmt: skip

        def plain(trades: list[Trade]) -> list[tuple[object, ...]]:
            return [(t.venue, t.symbol, t.trade_id, t.seq, t.ts_us, t.price, t.quantity, t.side) for t in trades]

        first, last = told[0], told[-1]
        assert plain(await pages(connector)) == plain(told[-1000:])
        for n in (0, 1, 2500, len(told) - 1001, len(told) - 1):
            trade = told[n]
            before_us = told[max(0, n - 1)].ts_us
            assert plain(await pages(connector, from_id=trade.seq, since_us=before_us)) == plain(told[n:])
        assert plain(await pages(connector, from_id=told[700].seq)) == plain(told[700:])
        for since_us in (0, first.ts_us, told[3000].ts_us, told[3000].ts_us + 1, told[-3].ts_us, last.ts_us):
            expected = [t for t in told if t.ts_us >= since_us]
            assert plain(await pages(connector, since_us=since_us)) == plain(expected)
        until = told[4000].ts_us
        expected = [t for t in told[100:] if t.ts_us < until]
        assert plain(await pages(connector, from_id=told[100].seq, since_us=told[99].ts_us, until_us=until)) == plain(
            expected
        )
        assert await pages(connector, from_id=last.seq + 1, since_us=last.ts_us) == []
        assert await pages(connector, since_us=last.ts_us + 1) == []

    on_exchange(name, ask, **QUIET)


@both
def test_bursts_and_quiet_hours_are_paged(name: str) -> None:
    """Three thousand trades in one minute after a day without any, then hours of silence: none is missed."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await exchange.step(1)
        begin = exchange.now_us
        exchange.market.burst(SYMBOL, 10)
        await exchange.skip(20 * 3600)
        for _ in range(60):
            exchange.market.burst(SYMBOL, 50)
            await exchange.skip(1)
        await exchange.skip(5 * 3600)
        ids = [t.trade_id for t in exchange.ledger.tapes[SYMBOL].trades]
        assert [t.seq for t in await pages(connector, from_id=ids[0], since_us=begin)] == ids
        assert [t.seq for t in await pages(connector, from_id=ids[5])] == ids[5:]
        assert [t.seq for t in await pages(connector, since_us=begin - 10**9)] == ids

    on_exchange(name, ask, symbols=(SYMBOL,), orders_per_s=0.001, trades_per_s=0.0)


@both
def test_trades_made_while_paging_are_paged_too(name: str) -> None:
    """The end is the present when it is reached, not when it was asked for."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await exchange.skip(3600)
        tape = exchange.ledger.tapes[SYMBOL]
        first, found = tape.trades[0], []
        async for page in connector.fetch_ticks(SYMBOL, from_id=first.trade_id, since_us=first.ts_us):
            found += [trade.seq for trade in page]
            if len(tape.trades) < 4000:
                await exchange.skip(600)
        assert found == [trade.trade_id for trade in tape.trades]

    on_exchange(name, ask, **QUIET)


@both
def test_candles_are_those_of_the_ledgers_trades(name: str) -> None:
    """Finished ones alone, by their opens, with every figure in its own place; minutes without trades have none."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await exchange.skip(9 * 3600 + 30)
        trades = exchange.ledger.tapes[SYMBOL].trades

        def expected(interval_s: int, since_us: int, until_us: int) -> list[Candle]:
            label = {60: "1m", 3600: "1h"}[interval_s]
            by_open: dict[int, list[Any]] = {}
            for trade in trades:
                by_open.setdefault(trade.ts_us // 1_000_000 // interval_s * interval_s, []).append(trade)
            candles = []
            for at_s, inside in sorted(by_open.items()):
                if since_us <= at_s * 1_000_000 < until_us and (at_s + interval_s) * 1_000_000 <= exchange.now_us:
                    prices = [float(t.price) for t in inside]
                    volume = float(sum((Decimal(t.quantity) for t in inside), Decimal(0)))
                    figures = prices[0], max(prices), min(prices), prices[-1], volume
                    candles.append(Candle(name, SYMBOL, label, at_s * 1_000_000, *figures))
            return candles

        async def candles(interval: str, since_us: int, until_us: int | None = None) -> list[Candle]:
            found: list[Candle] = []
            async for page in connector.fetch_candles(SYMBOL, interval, since_us=since_us, until_us=until_us):
                assert page
                found += page
            return found

        begin_us = trades[0].ts_us
        for since_us, until_us in ((begin_us, None), (begin_us + 7_000_000_000, begin_us + 9_000_000_000)):
            wanted = expected(60, since_us, until_us or exchange.now_us)
            assert await candles("1m", since_us, until_us) == wanted
            assert wanted
        assert len(expected(60, begin_us, exchange.now_us)) > 350
        assert await candles("1h", begin_us - 10**12) == expected(3600, 0, exchange.now_us)
        with pytest.raises(VenueError, match="no candles of 7m; it has 1m, 5m"):
            await candles("7m", begin_us)

    on_exchange(name, ask, symbols=(SYMBOL,), orders_per_s=0.01, trades_per_s=0.05)


FIGURES = {"start": 1700000040, "low": 1.0, "high": 2.0, "open": 1.0, "close": 2.0, "volume": 3.0}


@both
@pytest.mark.parametrize(
    "wrong",
    [
        {"open": "NaN"}, {"high": "inf"}, {"high": "1e400"}, {"low": -1.0}, {"low": 3.0}, {"close": 0.0},
        {"volume": "nan"}, {"volume": -5.0}, {"start": 10**15}, {"start": 0}, {"start": -60}, {"start": 10**30},
        {"start": "soon"}, {"close": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_candle_that_cannot_be_is_refused(
    name: str, wrong: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No number, no price, no time; a sound one is taken."""

    def body(row: dict[str, object]) -> bytes:
        return json.dumps({"candles": [row]} if name == "coinbase" else [list(row.values())]).encode()

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        async def get(path: str, params: object = None) -> bytes:
            now = {"epochMillis": "1700000100000", "epoch": 1700000100.0}
            return body(row) if path.endswith("candles") else json.dumps(now).encode()

        monkeypatch.setattr(connector._history.rest, "get", get)
        row: dict[str, object] = dict(FIGURES)
        pages = [page async for page in connector.fetch_candles(SYMBOL, "1m", since_us=1_700_000_000_000_000)]
        assert pages == [[Candle(name, SYMBOL, "1m", 1_700_000_040_000_000, 1.0, 2.0, 1.0, 2.0, 3.0)]]
        row |= wrong
        with pytest.raises(VenueError, match=f"a reply about {SYMBOL} that cannot be read"):
            await anext(connector.fetch_candles(SYMBOL, "1m", since_us=1_700_000_000_000_000))

    on_exchange(name, ask)


def test_requests_keep_their_pace() -> None:
    """As many a second as are allowed, fewer when the venue says that fewer are left, none after a refusal."""
    venue = venue_named("coinbase")
    allowance = Allowance(settings_of(venue, {"TAPEQL_COINBASE_REQUESTS_PER_S": "4"}))
    assert [allowance.wait_s(1) for _ in range(4)] == [0.0] * 4
    assert 0.2 < allowance.wait_s(1) <= 0.25
    fresh = Allowance(settings_of(venue, {}))
    fresh.learn(200, {"X-RateLimit-Remaining": "1"})
    assert fresh.wait_s(1) == 0.0
    assert fresh.wait_s(1) > 0.1
    fresh = Allowance(settings_of(venue, {}))
    fresh.learn(429, {})
    assert fresh.wait_s(1) > 0.1
    with pytest.raises(DataError, match="TAPEQL_COINBASE_REQUESTS_PER_S must be"):
        Allowance(settings_of(venue, {"TAPEQL_COINBASE_REQUESTS_PER_S": "many"}))


def test_windows_hold_finished_candles_alone() -> None:
    """From the first open at or after the beginning to the last that is over; at most so many at a time."""
    minute = 60_000_000
    assert list(windows(1, None, 5 * minute, 60, 2)) == [(60, 120), (180, 240)]
    assert list(windows(0, 3 * minute + 1, 9 * minute, 60, 10)) == [(0, 180)]
    assert list(windows(0, 3 * minute, 9 * minute - 1, 60, 10)) == [(0, 120)]
    assert list(windows(5 * minute, None, 6 * minute - 1, 60, 10)) == []


@both
def test_the_order_book_is_the_markets(name: str) -> None:
    """All levels, or as many as were asked for, without a number."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await exchange.step(300)
        book = exchange.ledger.tapes[SYMBOL].book()
        for depth in (None, 1, 7):
            bids, asks = book.top(depth or 10_000)
            found = await connector.fetch_order_book(SYMBOL, depth)
            assert found.bids == [(float(price), float(size)) for price, size in bids]
            assert found.asks == [(float(price), float(size)) for price, size in asks]
            assert (found.last_id, found.ts_us) == (None, exchange.now_us)

    on_exchange(name, ask, symbols=(SYMBOL,))


@both
def test_symbols_and_the_time_are_told(name: str) -> None:
    """Products by their codes, through the address that was set."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        found = await connector.symbols("spot")
        assert [(each.symbol, each.base, each.quote, each.status) for each in found] == [
            ("BTC-USD", "BTC", "USD", "trading"),
            ("ETH-USD", "ETH", "USD", "trading"),
        ]
        assert all(each.price_step == 0.01 and each.quantity_step == 0.00001 for each in found)
        assert await connector.symbols("perpetual") == []
        info = await connector.info()
        assert info.time_us is not None
        assert abs(info.time_us - exchange.now_us) <= 1000

    on_exchange(name, ask)


@both
def test_an_unknown_product_is_refused_in_the_venues_words(name: str) -> None:
    """And at once: asking again would not help."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        with pytest.raises(VenueError, match="NotFound"):
            await pages(connector, from_id=1, since_us=1)
        with pytest.raises(VenueError, match="NotFound"):
            await connector.fetch_order_book("../time")

    on_exchange(name, ask, symbols=("ETH-USD",))


@both
def test_a_429_is_waited_for_as_long_as_it_says(name: str) -> None:
    """The request is made again after Retry-After, and its answer is the ledger's."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await exchange.step(500)
        began_s = time.monotonic()
        found = await pages(connector)
        assert time.monotonic() - began_s >= 1.0
        assert [trade.seq for trade in found] == [t.trade_id for t in exchange.ledger.tapes[SYMBOL].trades]
        assert [each.fault for each in exchange.ledger.injected] == ["RestError"]

    on_exchange(name, ask, symbols=(SYMBOL,), plan=Plan(1, [RestError(status=429, retry_after_s=1.0, times=1)]))


@both
def test_a_server_that_is_not_there_is_told(name: str) -> None:
    """ConnectionFailed names the place."""

    async def ask(venue: Venue) -> None:
        port = free_port()
        settings = settings_of(venue, {f"TAPEQL_{name.upper()}_REST_URL": f"http://127.0.0.1:{port}"})
        connector = venue.connector(settings, time.time_ns)
        try:
            with pytest.raises(ConnectionFailed, match=f"127.0.0.1:{port}"):
                await connector.info()
        finally:
            await connector.disconnect()

    asyncio.run(asyncio.wait_for(ask(venue_named(name)), 30))
