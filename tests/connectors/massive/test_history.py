"""Massive over REST, against the ledger of a simulated exchange."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tapeql.connectors.events import Trade
from tapeql.connectors.massive.connector import MassiveConnector
from tapeql.connectors.massive.history import SPACING_S, Patience, next_page
from tapeql.errors import VenueError
from tests.connectors.massive.test_stream import heard, on_exchange
from tests.exchange.faults import Plan, RestError
from tests.exchange.massive import Massive
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

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        await exchange.step(600)
        trades = trades_of(exchange.market.tapes["AAPL"])
        since, until = trades[10].ts_us, trades[-10].ts_us
        found = await gathered(made.fetch_ticks("AAPL", since_us=since))
        assert [t.ts_us for t in found] == [t.ts_us for t in trades if t.ts_us >= since]
        assert len({t.trade_id for t in found}) == len(found)
        within = await gathered(made.fetch_ticks("AAPL", since_us=since, until_us=until))
        assert [t.ts_us for t in within] == [t.ts_us for t in trades if since <= t.ts_us < until]

    on_exchange(ask, venue=Massive(page=7))


def test_history_tells_trades_as_the_stream_did() -> None:
    """Although it knows nanoseconds and the stream milliseconds."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        await made.subscribe_ticks(["AAPL"])
        await made.connect()
        await made.receive()
        await exchange.step(300)
        count = len(exchange.market.tapes["AAPL"].trades)
        live = await heard(made, lambda events: len(events) == count)
        found = await gathered(made.fetch_ticks("AAPL", since_us=exchange.now_us - 10**9))
        assert [_told(trade) for trade in found] == [_told(trade) for trade in live]

    on_exchange(ask)


def _told(event: Any) -> tuple[Any, ...]:
    assert isinstance(event, Trade)
    return event.trade_id, event.seq, event.ts_us, event.price, event.quantity, event.conditions


def test_the_key_stays_with_our_host() -> None:
    """Next pages name a host of their own; only their cursor is used."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        await exchange.step(300)
        found = await gathered(made.fetch_ticks("AAPL", since_us=exchange.now_us - 10**9))
        assert len(found) == len(exchange.market.tapes["AAPL"].trades)
        assert len(exchange.venue.paths) > 2  # type: ignore[attr-defined]

    on_exchange(ask, venue=Massive(page=7, next_host="https://thief.invalid"))


def test_the_newest_trades_and_quote_are_known() -> None:
    """Without a beginning there is one page, oldest first; the book is the newest quote."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        assert await gathered(made.fetch_ticks("AAPL")) == []
        with pytest.raises(VenueError, match="cannot be read"):
            await made.fetch_order_book("AAPL")
        await exchange.step(300)
        tape = exchange.market.tapes["AAPL"]
        newest = await gathered(made.fetch_ticks("AAPL"))
        assert [t.ts_us for t in newest] == [t.ts_us for t in trades_of(tape)][-100:]
        book, best = await made.fetch_order_book("AAPL"), tape.quotes[-1]
        assert (book.bids, book.asks) == (
            [(float(best.bid), float(best.bid_quantity))],
            [(float(best.ask), float(best.ask_quantity))],
        )

    on_exchange(ask)


def test_candles_are_those_of_the_trades() -> None:
    """In pages, from their opens on, unadjusted, without the unfinished one."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        await exchange.skip(930)
        bars = list(bars_of(trades_of(exchange.market.tapes["AAPL"]), 60_000_000))
        since, until = bars[2].open_us, bars[-2].open_us
        found = await gathered(made.fetch_candles("AAPL", "1m", since_us=since, until_us=until))
        assert [(c.ts_us, c.open, c.high, c.low, c.close, c.volume, c.trades, c.vwap) for c in found] == [
            (b.open_us, b.open, b.high, b.low, b.close, b.volume, b.trades, b.vwap) for b in bars[2:-2]
        ]
        asked = [path for path in exchange.venue.paths if "aggs" in path]  # type: ignore[attr-defined]
        assert len(asked) == -(-len(found) // 4)
        assert all("adjusted=false" in path for path in asked)
        # By the venue's clock, not by ours, which may be fast.
        made._history._clock = lambda: (exchange.now_us + 90_000_000) * 1000
        latest = await gathered(made.fetch_candles("AAPL", "1m", since_us=until))
        assert [candle.ts_us for candle in latest] == [bars[-2].open_us]
        with pytest.raises(VenueError, match="no candles of 1s"):
            await gathered(made.fetch_candles("AAPL", "1s", since_us=0))

    on_exchange(ask, venue=Massive(page=4))


@pytest.mark.parametrize(
    ("root", "path"),
    [
        ("/v2/aggs/ticker/A", "/v2/aggs/ticker/A/range/1/day/1578114000000/2020-01-10"),
        ("/v3/trades/BRK%2FB", "/v3/trades/BRK%2FB"),
        ("/v3/reference/tickers", "/v3/reference/tickers/"),
    ],
)
def test_a_next_page_goes_on_from_what_was_asked_for(root: str, path: str) -> None:
    """Whatever host it names."""
    assert next_page(root, f"https://x:443:443{path}?cursor=c") == (path, "c")


@pytest.mark.parametrize(
    "address",
    [
        "https://x/v3/trades/AA?cursor=c",
        "https://x/v3/trades/A/../../users?cursor=c",
        "https://x/v3/trades/A/%2e%2e/%2e%2e/users?cursor=c",
        "https://x/v1/account?cursor=c",
        "https://x/v3/trades/A",
        "https://[x/v3/trades/A?cursor=c",
    ],
)
def test_what_is_no_next_page_is_seen(address: str) -> None:
    """Another symbol, another place, no cursor, no address."""
    assert next_page("/v3/trades/A", address) is None


@pytest.mark.parametrize(
    ("leads", "words"),
    [("/v3/trades/MSFT?cursor=x", "away from /v3/trades/AAPL"), ("/v3/trades/AAPL?cursor=x", "back")],
)
def test_a_page_that_leads_nowhere_is_refused(leads: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """To another symbol, or to itself again and again."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        async def get(path: str, params: object) -> bytes:
            return json.dumps({"results": [], "next_url": f"https://api.massive.com{leads}"}).encode()

        monkeypatch.setattr(made._history.rest, "get", get)  # type: ignore[attr-defined]
        with pytest.raises(VenueError, match=f"next page that leads {words}"):
            await gathered(made.fetch_ticks("AAPL", since_us=1))

    on_exchange(ask)


def test_tickers_and_the_clock() -> None:
    """Funds are told from shares; the venue's present is its own."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        assert [(each.symbol, each.kind, each.quote) for each in await made.symbols()] == [
            ("AAPL", "stock", "USD"),
            ("SPY", "etf", "USD"),
        ]
        assert [each.symbol for each in await made.symbols("etf")] == ["SPY"]
        told = await made.info()
        assert (told.time_us, told.status) == (exchange.now_us // 10**6 * 10**6, "open")

    on_exchange(ask, venue=Massive(page=1))


def test_a_429_is_asked_again() -> None:
    """After the time the venue wishes, and with patience where it names none."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        await exchange.step(200)
        began = time.monotonic()
        assert await gathered(made.fetch_ticks("AAPL"))
        assert time.monotonic() - began >= 1.0

    on_exchange(ask, plan=Plan(1, [RestError(status=429, retry_after_s=1, times=1)]))
    now_s = 100.0
    patience = Patience(lambda: now_s)
    patience.learn(429, {"Retry-After": "1"})
    assert patience.wait_s(1) == 0.0
    patience.learn(429, {})
    assert patience.wait_s(1) == SPACING_S


def test_refusals_are_told_in_the_venues_words() -> None:
    """A key it does not know, an order it cannot answer."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        with pytest.raises(VenueError, match="Unknown API Key") as caught:
            await gathered(made.fetch_ticks("AAPL", since_us=1))
        assert "tell-nobody" not in str(caught.value)
        with pytest.raises(VenueError, match="by time, not by id"):
            await gathered(made.fetch_ticks("AAPL", from_id=7))
        with pytest.raises(VenueError, match="no order books"):
            await made.resync_book("AAPL")

    on_exchange(ask, api_key="tell-nobody")
