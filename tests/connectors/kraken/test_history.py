"""Kraken's history over HTTP on loopback, against the ledger of a simulated exchange."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tapeql.connectors.events import Instrument, Trade
from tapeql.connectors.kraken.connector import KrakenConnector
from tapeql.connectors.kraken.symbols import code_of, decode_symbols, rest_pair
from tapeql.errors import DataError, VenueError
from tests.connectors.kraken import v1
from tests.connectors.kraken.simulated import CODE, connector, gathered, identity, on_exchange
from tests.connectors.loopback import Answer, answering
from tests.exchange.faults import Plan, RestError
from tests.exchange.kraken import Kraken
from tests.exchange.market import Trade as Made
from tests.exchange.server import Exchange


def on_answers(answer: Answer, ask: Callable[[KrakenConnector], Coroutine[Any, Any, None]]) -> None:
    """Runs `ask` on a server that answers as said."""

    async def run() -> None:
        async with answering(answer) as url:
            made = connector({"TAPEQL_KRAKEN_REST_URL": url})
            try:
                await ask(made)
            finally:
                await made.disconnect()

    asyncio.run(asyncio.wait_for(run(), 60))


def made_trades(exchange: Exchange) -> list[Made]:
    return exchange.market.tapes[CODE].trades


# ── trades ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("hint", ["time", "late", "none"])
def test_pages_go_from_an_id_to_the_present(hint: str) -> None:
    """Every trade from the id on comes once and in order, whether its time is given, is wrong, or must be searched."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await exchange.step(200)
        await exchange.burst(CODE, 4300)
        await exchange.step(200)
        trades = made_trades(exchange)
        start = 1200
        since_us = {"time": trades[start - 1].ts_us, "late": trades[-3].ts_us, "none": None}[hint]
        found = await gathered(made.fetch_ticks(CODE, from_id=trades[start].trade_id, since_us=since_us))
        assert [identity(trade) for trade in found] == [identity(trade) for trade in trades[start:]]

    on_exchange(ask)


def test_every_id_is_found_across_quiet_days() -> None:
    """Bursts with silence between them: the search ends, wherever the id is."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        for _ in range(5):
            await exchange.burst(CODE, 1300)
            exchange.market.step_clock(3 * 86_400_000_000)
        trades = made_trades(exchange)
        for n in (0, 1299, 1300, 2600, len(trades) - 1001, len(trades) - 1):
            async for page in made.fetch_ticks(CODE, from_id=trades[n].trade_id):
                assert identity(page[0]) == identity(trades[n])
                break

    on_exchange(ask, trades_per_s=1.0)


def test_an_id_that_is_not_there_yet_gives_nothing() -> None:
    """Nothing is missing, and nothing is invented."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await exchange.step(300)
        last = made_trades(exchange)[-1]
        assert await gathered(made.fetch_ticks(CODE, from_id=last.trade_id + 1)) == []
        assert await gathered(made.fetch_ticks(CODE, from_id=last.trade_id + 1, since_us=last.ts_us)) == []

    on_exchange(ask)


def test_pages_go_from_one_instant_to_another() -> None:
    """The first is included, the last is not; with neither the newest page comes."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await exchange.step(200)
        await exchange.burst(CODE, 2500)
        trades = made_trades(exchange)
        since_us, until_us = trades[30].ts_us, trades[2300].ts_us
        found = await gathered(made.fetch_ticks(CODE, since_us=since_us, until_us=until_us))
        asked = [trade for trade in trades if since_us <= trade.ts_us < until_us]
        assert [identity(trade) for trade in found] == [identity(trade) for trade in asked]
        newest = await gathered(made.fetch_ticks(CODE))
        assert [identity(trade) for trade in newest] == [identity(trade) for trade in trades[-1000:]]

    on_exchange(ask)


def test_an_instant_with_more_trades_than_a_page_is_told() -> None:
    """Time cannot page through it: an error, neither a loop nor a silent loss."""
    rows = [["1.0", "1.0", 1695628116.925533, "b", "m", "", n] for n in range(1000)]
    body = json.dumps({"error": [], "result": {"XXBTZUSD": rows, "last": "1695628116925533000"}}).encode()

    async def ask(made: KrakenConnector) -> None:
        with pytest.raises(VenueError, match="does not page on"):
            await gathered(made.fetch_ticks(CODE, since_us=1))

    on_answers(lambda request: web.Response(body=body), ask)


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_pair_is_refused_in_krakens_words() -> None:
    """A 200 with an error inside is a refusal, and is not repeated."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        with pytest.raises(VenueError, match="EQuery:Unknown asset pair"):
            await made.fetch_order_book("BTX/USD")

    on_exchange(ask)


@pytest.mark.parametrize("status", [418, 429, 503])
def test_what_passes_is_waited_for(status: int) -> None:
    """Kraken's own rate limit (a 200), its gate's 429 with Retry-After and a 503 are repeated until they pass."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await exchange.step(100)
        began = time.monotonic()
        assert await made.fetch_order_book(CODE)
        assert len(exchange.ledger.injected) == 1
        if status == 429:
            assert time.monotonic() - began >= 1

    on_exchange(ask, plan=Plan(1, [RestError(status=status, times=1, retry_after_s=1)]))


def test_a_rate_limit_that_does_not_pass_is_told() -> None:
    """After some tries the caller hears it, in Kraken's words."""
    asked = 0

    def refuse(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        return web.json_response({"error": ["EAPI:Rate limit exceeded"]})

    async def ask(made: KrakenConnector) -> None:
        with pytest.raises(VenueError, match="EAPI:Rate limit exceeded"):
            await made.info()

    on_answers(refuse, ask)
    assert asked == 5


def test_requests_keep_their_pace() -> None:
    """So many a second and no more."""
    arrivals: list[float] = []

    def answer(request: web.Request) -> web.Response:
        arrivals.append(time.monotonic())
        return web.json_response({"error": [], "result": {"status": "online", "timestamp": "2024-05-01T12:00:00Z"}})

    async def run() -> None:
        async with answering(answer) as url:
            made = connector({"TAPEQL_KRAKEN_REST_URL": url, "TAPEQL_KRAKEN_REQUESTS_PER_S": "20"})
            for _ in range(12):
                info = await made.info()
            assert (info.status, info.time_us) == ("online", 1714564800000000)
            await made.disconnect()

    asyncio.run(run())
    assert arrivals[-1] - arrivals[0] >= 9 / 20


@pytest.mark.parametrize(("name", "value"), [("BOOK_DEPTH", "50"), ("BOOK_DEPTH", "x"), ("REQUESTS_PER_S", "0")])
def test_a_setting_that_cannot_be_is_named(name: str, value: str) -> None:
    """The error says which one, and what there is."""
    with pytest.raises(DataError, match=f"TAPEQL_KRAKEN_{name} .*'{value}'"):
        connector({f"TAPEQL_KRAKEN_{name}": value})


# ── the rest ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_candles_are_krakens_own_and_older_ones_are_made_of_trades() -> None:
    """Made or fetched they are the same, none is empty, and the unfinished one is left out."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await exchange.skip(11 * 60 + 7)
        start_us = made_trades(exchange)[0].ts_us // 60_000_000 * 60_000_000
        short = [candle async for page in made.fetch_candles(CODE, "1m", since_us=start_us) for candle in page]
        assert [candle.ts_us for candle in short] == [start_us + n * 60_000_000 for n in range(11)]
        exchange.venue._kept_candles = 1000
        whole = [candle async for page in made.fetch_candles(CODE, "1m", since_us=start_us) for candle in page]
        assert [known(candle) for candle in short] == [known(candle) for candle in whole]
        some = made.fetch_candles(CODE, "1m", since_us=start_us + 1, until_us=start_us + 170_000_000)
        assert [candle.ts_us - start_us async for page in some for candle in page] == [60_000_000, 120_000_000]

    on_exchange(ask, venue=Kraken(kept_candles=5), trades_per_s=2.0)


def known(candle: Any) -> tuple[object, ...]:
    """Sums may differ in their last digit."""
    prices = candle.open, candle.high, candle.low, candle.close
    return candle.ts_us, prices, round(candle.volume, 8), candle.trades, round(candle.vwap, 6)


def test_an_unknown_interval_is_refused_with_those_there_are() -> None:
    """Kraken has no candles of three minutes."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        with pytest.raises(VenueError, match="no candles of 3m; it has 1m, 5m"):
            await anext(aiter(made.fetch_candles(CODE, "3m", since_us=0)))

    on_exchange(ask)


def test_a_book_is_fetched_to_a_depth() -> None:
    """The best levels of the market's book."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        await exchange.step(300)
        bids, asks = exchange.market.tapes[CODE].book().top(20)
        book = await made.fetch_order_book(CODE, 20)
        assert book.bids == [(float(price), float(size)) for price, size in bids]
        assert book.asks == [(float(price), float(size)) for price, size in asks]

    on_exchange(ask)


def test_symbols_have_our_names() -> None:
    """BTC/USD, though REST calls it XBT/USD and XXBTZUSD."""

    async def ask(exchange: Exchange, made: KrakenConnector) -> None:
        found = await made.symbols("spot")
        assert found[0] == Instrument(
            "kraken", CODE, found[0].ts_us, "spot", "BTC", "USD", 0.1, 1e-08, "trading", "XXBTZUSD"
        )
        assert await made.symbols("future") == []

    on_exchange(ask)


def test_every_recorded_pair_is_asked_for_by_its_altname(shared_data: Path) -> None:
    """The altname follows from the code, in all of the recorded list."""
    with gzip.open(shared_data / v1.PAIRS) as lines:
        body = b"{" + lines.readline().partition(b"{")[2]
    pairs = json.loads(body)["result"]
    listed = {code_of(pair["wsname"]): pair["altname"] for pair in pairs.values() if "wsname" in pair}
    assert len(listed) > 250
    assert {code: rest_pair(code) for code in listed} == listed
    found = decode_symbols(body, 7)
    assert [instrument.symbol for instrument in found] == sorted(listed)
    assert {"BTC/USD", "DOGE/USD", "ETH/BTC"} <= set(listed)


def test_trades_of_rest_and_the_market_are_one(shared_data: Path) -> None:
    """A recorded reply, served over HTTP, is what fetch_ticks gives."""
    body = (shared_data / "wire" / "nautilus" / "kraken_http_trades.json").read_bytes()

    async def ask(made: KrakenConnector) -> None:
        found = await gathered(made.fetch_ticks("BTC/USDT"))
        assert [trade.seq for trade in found] == list(range(10218208, 10219208))
        assert all(isinstance(trade, Trade) and trade.symbol == "BTC/USDT" for trade in found)

    on_answers(lambda request: web.Response(body=body), ask)
