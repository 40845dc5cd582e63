"""Alpaca over REST, against the ledger of a simulated exchange."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tapeql.connectors import venue_named
from tapeql.connectors.alpaca.connector import AlpacaConnector
from tapeql.connectors.alpaca.history import TRADING_URL, HeaderBudget, History, rfc3339
from tapeql.connectors.events import Trade
from tapeql.connectors.settings import settings_of
from tapeql.connectors.venue import Venue
from tapeql.errors import VenueError
from tests.connectors.alpaca.test_stream import on_exchange
from tests.exchange.alpaca import Alpaca
from tests.exchange.faults import Plan, RestError
from tests.exchange.server import Exchange
from tests.exchange.stocks import bars_of, trades_of


async def gathered(pages: AsyncIterator[list[Any]]) -> list[Any]:
    found: list[Any] = []
    async for page in pages:
        assert page
        found += page
    return found


def test_trades_are_paged_to_the_present() -> None:
    """Each trade from an instant on is found once, over pages that end anywhere."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await exchange.step(600)
        trades = trades_of(exchange.market.tapes["AAPL"])
        since, until = trades[10].ts_us, trades[-10].ts_us
        found = await gathered(made.fetch_ticks("AAPL", since_us=since))
        assert [t.ts_us for t in found] == [t.ts_us for t in trades if t.ts_us >= since]
        assert len({t.trade_id for t in found}) == len(found)
        within = await gathered(made.fetch_ticks("AAPL", since_us=since, until_us=until))
        assert [t.ts_us for t in within] == [t.ts_us for t in trades if since <= t.ts_us < until]

    on_exchange(ask, venue=Alpaca(page=7))


def test_the_newest_trade_and_quote_are_known() -> None:
    """Without a beginning there is one page; the book is the newest quote."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        assert await gathered(made.fetch_ticks("AAPL")) == []
        await exchange.step(300)
        tape = exchange.market.tapes["AAPL"]
        (newest,) = await gathered(made.fetch_ticks("AAPL"))
        assert isinstance(newest, Trade)
        assert newest.price == float(trades_of(tape)[-1].price)
        book = await made.fetch_order_book("AAPL")
        best = tape.quotes[-1]
        assert (book.bids, book.asks) == (
            [(float(best.bid), float(best.bid_quantity))],
            [(float(best.ask), float(best.ask_quantity))],
        )

    on_exchange(ask)


def test_candles_are_those_of_the_trades() -> None:
    """In pages, from their opens on, with the venue's own figures."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await exchange.skip(900)
        bars = list(bars_of(trades_of(exchange.market.tapes["AAPL"]), 60_000_000))
        since, until = bars[2].open_us, bars[-2].open_us
        found = await gathered(made.fetch_candles("AAPL", "1m", since_us=since, until_us=until))
        assert [(c.ts_us, c.open, c.high, c.low, c.close, c.volume, c.trades, c.vwap) for c in found] == [
            (b.open_us, b.open, b.high, b.low, b.close, b.volume, b.trades, b.vwap) for b in bars[2:-2]
        ]
        asked = [path for path in exchange.venue.paths if "bars" in path]  # type: ignore[attr-defined]
        assert asked
        assert all("adjustment=raw" in path for path in asked)
        with pytest.raises(VenueError, match="no candles of 7mo; it has 1m to 59m"):
            await gathered(made.fetch_candles("AAPL", "7mo", since_us=0))

    on_exchange(ask, venue=Alpaca(page=4))


def test_the_unfinished_candle_is_left_out() -> None:
    """A candle that is not over by the venue's clock may still change, however far ahead ours is."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await exchange.skip(150)
        open_us = exchange.now_us // 60_000_000 * 60_000_000
        made._history._clock = lambda: (exchange.now_us + 90_000_000) * 1000
        assert exchange.market.tapes["AAPL"].trades[-1].ts_us >= open_us
        found = await gathered(made.fetch_candles("AAPL", "1m", since_us=open_us - 120_000_000))
        assert [candle.ts_us for candle in found] == [open_us - 120_000_000, open_us - 60_000_000]

    on_exchange(ask)


def test_symbols_and_the_clock_come_from_the_trading_host() -> None:
    """Who points REST elsewhere sends no key to Alpaca's own; otherwise it is the paper host, or the one asked for."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        assert [(each.symbol, each.kind, each.status) for each in await made.symbols()] == [
            ("AAPL", "stock", "trading"),
            ("SPY", "stock", "trading"),
        ]
        assert await made.symbols("perpetual") == []
        told = await made.info()
        assert (told.time_us, told.status) == (exchange.now_us, "open")

    on_exchange(ask)
    venue = venue_named("alpaca")
    keys = {"TAPEQL_ALPACA_API_KEY": "k", "TAPEQL_ALPACA_API_SECRET": "s"}
    assert _trading(venue, keys) == TRADING_URL
    assert _trading(venue, keys | {"TAPEQL_ALPACA_REST_URL": "http://elsewhere:1"}) == "http://elsewhere:1"
    assert _trading(venue, keys | {"TAPEQL_ALPACA_TRADING_URL": "https://api.alpaca.markets/"}) == (
        "https://api.alpaca.markets"
    )


def _trading(venue: Venue, environ: dict[str, str]) -> str:
    return History(settings_of(venue, environ), time.time_ns).trading.url


def test_requests_keep_to_what_the_headers_allow() -> None:
    """Where nothing is left they wait for the reset, and are not refused."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await exchange.step(300)
        found = await gathered(made.fetch_ticks("AAPL", since_us=0 + exchange.now_us - 10**9))
        assert len(found) == len(exchange.market.tapes["AAPL"].trades)

    on_exchange(ask, venue=Alpaca(page=7, requests=4))


def test_a_budget_waits_until_it_begins_anew() -> None:
    """By the venue's own present, not by ours."""
    now_s = 100.0
    budget = HeaderBudget(lambda: now_s)
    assert budget.wait_s(1) == 0.0
    headers = {
        "X-RateLimit-Limit": "200",
        "X-RateLimit-Remaining": "1",
        "X-RateLimit-Reset": "1714572030",
        "Date": "Wed, 01 May 2024 14:00:10 GMT",
    }
    budget.learn(200, headers)
    assert (budget.wait_s(1), budget.wait_s(1), budget.wait_s(1)) == (0.0, 20.0, 0.0)
    budget.learn(429, headers)
    assert budget.wait_s(1) == 20.0
    budget.learn(200, {"X-RateLimit-Remaining": "nonsense"})


def test_a_429_is_asked_again() -> None:
    """After the time the venue wishes."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await exchange.step(200)
        began = time.monotonic()
        assert await gathered(made.fetch_ticks("AAPL"))
        assert time.monotonic() - began >= 1.0
        assert [injected.fault for injected in exchange.ledger.injected] == ["RestError"]

    on_exchange(ask, plan=Plan(1, [RestError(status=429, retry_after_s=1, times=1)]))


def test_refusals_are_told_in_the_venues_words() -> None:
    """A symbol it does not take, keys it does not know, an order it cannot answer."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        with pytest.raises(VenueError, match="invalid symbol: nix"):
            await gathered(made.fetch_ticks("nix", since_us=1))
        with pytest.raises(VenueError, match="by time, not by id"):
            await gathered(made.fetch_ticks("AAPL", from_id=7))
        with pytest.raises(VenueError, match="no order books"):
            await made.resync_book("AAPL")

    async def stranger(exchange: Exchange, made: AlpacaConnector) -> None:
        with pytest.raises(VenueError, match=r"forbidden.*plan") as caught:
            await gathered(made.fetch_ticks("AAPL", since_us=1))
        assert "tell-nobody" not in str(caught.value)

    on_exchange(ask)
    on_exchange(stranger, api_secret="tell-nobody")


def test_delayed_sip_asks_for_what_it_may_have() -> None:
    """History of the SIPs, up to a quarter of an hour ago; nothing where even the beginning is later."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await exchange.skip(1000)
        now_us = exchange.now_us
        known_us = now_us - 960_000_000
        # Ours may be fast.
        made._history._clock = lambda: (now_us + 90_000_000) * 1000
        assert await gathered(made.fetch_ticks("AAPL", since_us=known_us)) == []
        assert await gathered(made.fetch_candles("AAPL", "1m", since_us=known_us)) == []
        paths = exchange.venue.paths  # type: ignore[attr-defined]
        assert paths == ["/v2/stocks/meta/exchanges"] * 2
        trades = [t.ts_us for t in trades_of(exchange.market.tapes["AAPL"])]
        found = await gathered(made.fetch_ticks("AAPL", since_us=trades[0]))
        assert [t.ts_us for t in found] == [ts_us for ts_us in trades if ts_us < known_us]
        assert found
        await made.fetch_order_book("AAPL")
        *_, first, second = paths
        assert "feed=sip" in first
        assert "feed=delayed_sip" in second

    on_exchange(ask, venue=Alpaca(feed="delayed_sip"))


def test_instants_are_written_to_the_microsecond() -> None:
    """And to the last nanosecond of one where the end is part of what is asked for."""
    assert rfc3339(1714572000000001) == "2024-05-01T14:00:00.000001Z"
    assert rfc3339(1714572000000000 - 1, "999") == "2024-05-01T13:59:59.999999999Z"
