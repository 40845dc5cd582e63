"""Binance's history over HTTP on loopback, against the ledger of a simulated exchange."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tapeql.connectors import venue_named
from tapeql.connectors.binance.connector import BinanceConnector
from tapeql.connectors.binance.history import WeightBudget
from tapeql.connectors.events import Instrument, Trade, Void
from tapeql.connectors.settings import settings_of
from tapeql.errors import VenueError
from tests.connectors.loopback import Answer, answering
from tests.exchange.binance import Binance
from tests.exchange.faults import Plan, RestError
from tests.exchange.generator import START_US, Generated
from tests.exchange.market import Market
from tests.exchange.server import Exchange

HOUR_US = 3_600_000_000
KEY = "key-9b1c"

each_market = pytest.mark.parametrize("name", ["binance", "binanceusdm"])


def connector(name: str, url: str, key: str | None = KEY) -> BinanceConnector:
    prefix = f"TAPEQL_{name.upper()}"
    environ = {f"{prefix}_REST_URL": url} | ({f"{prefix}_API_KEY": key} if key else {})
    made = venue_named(name).connector(settings_of(venue_named(name), environ), time.time_ns)
    assert isinstance(made, BinanceConnector)
    return made


def on_exchange(
    name: str,
    ask: Callable[[Exchange, BinanceConnector], Coroutine[Any, Any, None]],
    *,
    plan: Plan | None = None,
    key: str | None = KEY,
    **life: Any,
) -> None:
    """Runs `ask` on an exchange with one symbol, whose futures want a key for old trades."""
    futures = name == "binanceusdm"

    async def run() -> None:
        market = Market([Generated(futures=futures, **life)])
        async with Exchange(market, Binance(futures=futures, api_key=futures), plan=plan) as exchange:
            made = connector(name, exchange.rest_url, key)
            try:
                await ask(exchange, made)
            finally:
                await made.disconnect()

    asyncio.run(asyncio.wait_for(run(), 60))


def on_answers(
    answer: Answer, ask: Callable[[BinanceConnector], Coroutine[Any, Any, None]], name: str = "binance"
) -> None:
    """Runs `ask` on a server that answers as said."""

    async def run() -> None:
        async with answering(answer) as url:
            made = connector(name, url)
            try:
                await ask(made)
            finally:
                await made.disconnect()

    asyncio.run(asyncio.wait_for(run(), 60))


async def trades(pages: AsyncIterator[list[Trade | Void]]) -> list[Trade]:
    found: list[Trade] = []
    async for page in pages:
        assert page
        found += [trade for trade in page if isinstance(trade, Trade)]
    return found


def identity(trade: Any) -> tuple[int, int, float, float, bool]:
    """What the ledger and we must agree on."""
    if isinstance(trade, Trade):
        return trade.seq, trade.ts_us, trade.price, trade.quantity, trade.side == "sell"
    return trade.trade_id, trade.ts_us // 1000 * 1000, float(trade.price), float(trade.quantity), trade.buyer_is_maker


# ── trades ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@each_market
def test_pages_go_from_an_id_to_the_present(name: str) -> None:
    """Every trade from the id on comes once, in order, with what happened while paging."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await exchange.step(50)
        await exchange.burst("BTCUSDT", 2100)
        from_id = exchange.market.tapes["BTCUSDT"].trades[70].trade_id
        found: list[Trade | Void] = []
        async for page in made.fetch_ticks("BTCUSDT", from_id=from_id):
            assert len(page) <= (500 if name == "binanceusdm" else 1000)
            if not found:
                await exchange.burst("BTCUSDT", 30)
            found += page
        assert [identity(t) for t in found] == [identity(t) for t in exchange.market.tapes["BTCUSDT"].trades[70:]]

    on_exchange(name, ask)


@each_market
def test_pages_from_an_instant_cross_quiet_hours(name: str) -> None:
    """A symbol that trades every few hours is found by time, from before its first trade to behind its last."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await exchange.skip(3 * 24 * 3600)
        await exchange.burst("BTCUSDT", 1200)
        ledger = exchange.market.tapes["BTCUSDT"].trades
        first, quiet = ledger[0], ledger[8]
        assert max(b.ts_us - a.ts_us for a, b in itertools.pairwise(ledger)) > 3 * HOUR_US
        for since_us in (first.ts_us - 9 * HOUR_US, first.ts_us, quiet.ts_us, quiet.ts_us + 1, ledger[-1].ts_us):
            expected = [identity(t) for t in ledger if t.ts_us // 1000 * 1000 >= since_us]
            assert [identity(t) for t in await trades(made.fetch_ticks("BTCUSDT", since_us=since_us))] == expected
        assert await trades(made.fetch_ticks("BTCUSDT", since_us=ledger[-1].ts_us + 1000)) == []
        until_us = ledger[12].ts_us
        expected = [identity(t) for t in ledger if quiet.ts_us <= t.ts_us < until_us]
        found = await trades(made.fetch_ticks("BTCUSDT", since_us=quiet.ts_us, until_us=until_us))
        assert [identity(t) for t in found] == expected

    on_exchange(name, ask, orders_per_s=0.0, trades_per_s=0.00012)


def test_without_an_id_or_an_instant_the_newest_come() -> None:
    """One page: what has just happened."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await exchange.burst("BTCUSDT", 1500)
        pages = [page async for page in made.fetch_ticks("BTCUSDT")]
        assert len(pages) == 1
        assert [identity(t) for t in pages[0]] == [identity(t) for t in exchange.market.tapes["BTCUSDT"].trades[-1000:]]

    on_exchange("binance", ask)


def _rows(ids: list[int]) -> list[dict[str, object]]:
    return [{"id": n, "price": "1", "qty": "1", "time": 1_723_161_255_000 + n, "isBuyerMaker": True} for n in ids]


def test_what_futures_leave_out_is_void() -> None:
    """Ids that history skips, also at a page's beginning and between pages, are told to be no trades."""
    there = [n for n in range(1, 1200) if n not in (5, 500, 501, 502, 503, 900)]

    def answer(request: web.Request) -> web.Response:
        from_id = int(request.query["fromId"])
        return web.json_response(_rows([n for n in there if n >= from_id][: int(request.query["limit"])]))

    async def ask(made: BinanceConnector) -> None:
        found = [event async for page in made.fetch_ticks("X", from_id=5) for event in page]
        assert [event.seq for event in found] == list(range(5, 1200))
        assert {event.seq for event in found if isinstance(event, Void)} == {5, 500, 501, 502, 503, 900}

    on_answers(answer, ask, "binanceusdm")


def test_history_that_begins_later_is_no_void() -> None:
    """Ids older than what the venue keeps are missing, not void."""

    def answer(request: web.Request) -> web.Response:
        return web.json_response(_rows([90_000, 90_001] if int(request.query["fromId"]) < 90_002 else []))

    async def ask(made: BinanceConnector) -> None:
        found = [event async for page in made.fetch_ticks("X", from_id=5) for event in page]
        assert [event.seq for event in found] == [90_000, 90_001]

    on_answers(answer, ask, "binanceusdm")


# ── candles, books, symbols, info ─────────────────────────────────────────────────────────────────────────────────────


@each_market
def test_candles_are_finished_and_complete(name: str) -> None:
    """More candles than a page holds come in order, made of the ledger's trades, without the one going on."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await exchange.skip(1100 * 60 + 30)
        found = [c async for page in made.fetch_candles("BTCUSDT", "1m", since_us=START_US) for c in page]
        minute_us = 60_000_000
        ledger = exchange.market.tapes["BTCUSDT"].trades
        first_us = ledger[0].ts_us // minute_us * minute_us
        last_us = exchange.now_us // minute_us * minute_us - minute_us
        assert [candle.ts_us for candle in found] == list(range(first_us, last_us + 1, minute_us))
        by_minute: dict[int, list[float]] = {}
        for trade in ledger:
            by_minute.setdefault(trade.ts_us // minute_us * minute_us, []).append(float(trade.price))
        for candle in found:
            prices = by_minute.get(candle.ts_us)
            if prices:
                assert (candle.open, candle.high, candle.low, candle.close, candle.trades) == (
                    *(prices[0], max(prices), min(prices), prices[-1]),
                    len(prices),
                )
                assert candle.vwap is not None
                assert candle.low - 0.02 <= candle.vwap <= candle.high + 0.02
            else:
                assert (candle.volume, candle.vwap) == (0.0, None)
        part = made.fetch_candles("BTCUSDT", "1m", since_us=first_us + 1, until_us=first_us + 3 * minute_us)
        assert [c.ts_us async for page in part for c in page] == [first_us + minute_us, first_us + 2 * minute_us]
        none = made.fetch_candles("BTCUSDT", "1m", since_us=first_us, until_us=first_us)
        assert [page async for page in none] == []

    on_exchange(name, ask, orders_per_s=0.0, trades_per_s=0.02)


def test_an_unknown_interval_is_refused_with_the_known_ones() -> None:
    """The error lists what there is; futures have no seconds."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        with pytest.raises(VenueError, match=r"no candles of 1s; it has 1m, 3m"):
            _ = [page async for page in made.fetch_candles("BTCUSDT", "1s", since_us=0)]

    on_exchange("binanceusdm", ask)


@pytest.mark.parametrize("cell", range(9))
@pytest.mark.parametrize("value", ["NaN", "1e999", None, [], "-1"])
def test_candles_that_cannot_be_are_refused(cell: int, value: object) -> None:
    """No number that is none gets out of a row."""
    row: list[object] = [60_000_000_000, "2", "3", "1", "2", "5", 60_000_059_999, "10", 4, "0", "0", "0"]
    row[cell] = value

    def answer(request: web.Request) -> web.Response:
        return web.json_response({"serverTime": 1_700_000_000_000} if "time" in request.path else [row])

    async def ask(made: BinanceConnector) -> None:
        with pytest.raises(VenueError, match="cannot be read"):
            _ = [page async for page in made.fetch_candles("X", "1m", since_us=0, until_us=10**17)]

    on_answers(answer, ask)


@each_market
def test_a_book_has_the_levels_asked_for(name: str) -> None:
    """Whatever depth is asked for, the venue is asked for one it has, and the best levels come."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await exchange.step(500)
        whole = await made.fetch_order_book("BTCUSDT")
        book = await made.fetch_order_book("BTCUSDT", 7)
        assert (book.bids, book.asks) == (whole.bids[:7], whole.asks[:7])
        bids, asks = exchange.market.tapes["BTCUSDT"].book().top(10_000)
        assert whole.bids == [(float(price), float(size)) for price, size in bids]
        assert whole.asks == [(float(price), float(size)) for price, size in asks]

    on_exchange(name, ask)


def test_symbols_come_through_ccxt(shared_data: Path) -> None:
    """The recorded list of symbols becomes instruments with their steps, by code."""
    listed = (shared_data / "wire/cryptofeed/BINANCE.exchangeInfo.subset.json").read_bytes()
    asked = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(body=listed, content_type="application/json")

    async def ask(made: BinanceConnector) -> None:
        found = {each.symbol: each for each in await made.symbols()}
        assert set(found) == {each["symbol"] for each in json.loads(listed)["symbols"]}
        bitcoin = found["BTCUSDT"]
        assert bitcoin == Instrument(
            "binance", "BTCUSDT", bitcoin.ts_us, "spot", "BTC", "USDT", 0.01, 0.00001, "trading", None
        )
        assert await made.symbols("perpetual") == []

    on_answers(answer, ask)
    assert set(asked) == {"/api/v3/exchangeInfo"}


def test_symbols_of_futures_are_perpetual() -> None:
    """A simulated list of USD-M, through ccxt."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        (found,) = await made.symbols("perpetual")
        assert (found.symbol, found.kind, found.price_step, found.quantity_step) == ("BTCUSDT", "perpetual", 0.1, 0.001)

    on_exchange("binanceusdm", ask)


@pytest.mark.parametrize("body", [b"[]", b"{", b"null"])
def test_a_list_of_symbols_that_is_none_is_refused(body: bytes) -> None:
    """Whatever comes instead of a list is an error of ours."""

    async def ask(made: BinanceConnector) -> None:
        with pytest.raises(VenueError, match="symbols"):
            await made.symbols()

    on_answers(lambda request: web.Response(body=body, content_type="application/json"), ask)


@each_market
def test_info_tells_time_and_weight(name: str) -> None:
    """The venue's present, and how much of its limit is used."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await exchange.step(5)
        await made.fetch_order_book("BTCUSDT")
        info = await made.info()
        assert info.time_us == exchange.now_us // 1000 * 1000
        limit, spent = (6000, 251) if name == "binance" else (2400, 21)
        assert info.limits == {"weight_used_1m": spent, "weight_limit_1m": limit}

    on_exchange(name, ask)


# ── refusals ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_symbol_is_told_in_the_venues_words() -> None:
    """The venue's message and code."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        with pytest.raises(VenueError, match=r"Binance refused /api/v3/trades: Invalid symbol\. \(-1121\)") as caught:
            await trades(made.fetch_ticks("NOSUCH"))
        assert caught.value.status == 400

    on_exchange("binance", ask)


def test_a_key_that_is_missing_is_named() -> None:
    """Futures give old trades to those with a key only: the error says which variable to set."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        with pytest.raises(VenueError, match=r"\(-2014\); set TAPEQL_BINANCEUSDM_API_KEY"):
            await trades(made.fetch_ticks("BTCUSDT", from_id=1))

    on_exchange("binanceusdm", ask, key=None)


@pytest.mark.parametrize(("status", "times"), [(429, 1), (418, 1), (503, 2), (500, 1)])
def test_a_passing_refusal_is_asked_again(status: int, times: int) -> None:
    """After the wait the venue asks for, or a little one, the request is repeated."""

    async def ask(exchange: Exchange, made: BinanceConnector) -> None:
        await exchange.step(20)
        began = time.monotonic()
        assert (await made.info()).time_us == exchange.now_us // 1000 * 1000
        assert time.monotonic() - began >= (1.0 if status in (429, 418) else 0.0)
        assert [fault.fault for fault in exchange.ledger.injected] == ["RestError"] * times

    on_exchange("binance", ask, plan=Plan(1, [RestError(status=status, retry_after_s=1.0, times=times)]))


def test_a_long_ban_is_told_at_once_and_kept() -> None:
    """Who is banned for minutes hears so, and sends nothing until it is over."""
    asked = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        body = {"code": -1003, "msg": "Way too many requests; IP banned."}
        return web.json_response(body, status=418, headers={"Retry-After": "120"})

    async def ask(made: BinanceConnector) -> None:
        began = time.monotonic()
        for words in (r"IP banned", r"asks for 1[12]\d s of silence"):
            with pytest.raises(VenueError, match=words):
                await made.info()
        assert time.monotonic() - began < 1
        assert len(asked) == 1

    on_answers(answer, ask)


@pytest.mark.parametrize("body", [b"", b"{", b"[7]", b"null", b'{"serverTime":"x"}', b"[" * 5000, b"\xff\xfe"])
def test_replies_that_cannot_be_read_are_errors_of_the_venue(body: bytes) -> None:
    """A 200 with nonsense in it is told as that, by every door."""

    async def ask(made: BinanceConnector) -> None:
        with pytest.raises(VenueError, match="Binance"):
            await made.info()
        with pytest.raises(VenueError, match="Binance"):
            await made.fetch_order_book("X")
        with pytest.raises(VenueError, match="Binance"):
            await trades(made.fetch_ticks("X", from_id=1))
        with pytest.raises(VenueError, match="Binance"):
            _ = [page async for page in made.fetch_candles("X", "1m", since_us=0)]

    on_answers(lambda request: web.Response(body=body), ask)


# ── weight ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_venues_account_of_weight_slows_us_down() -> None:
    """Above four fifths of the limit requests wait for the venue's next minute, and no longer."""
    now_s = 100.0
    budget = WeightBudget(6000, lambda: now_s)
    assert budget.wait_s(250) == 0
    budget.learn(200, {"X-MBX-USED-WEIGHT-1M": "4700", "Date": "Thu, 08 Aug 2024 23:54:40 GMT"})
    assert budget.wait_s(25) == 0
    assert budget.wait_s(250) == pytest.approx(20.5)
    now_s += 15
    assert budget.wait_s(250) == pytest.approx(5.5)
    now_s += 5.5
    assert budget.wait_s(250) == 0
    assert budget.used == 250


def test_a_minute_without_requests_is_no_reason_to_wait() -> None:
    """Weight of minutes ago is forgotten."""
    now_s = 100.0
    budget = WeightBudget(2400, lambda: now_s)
    budget.learn(200, {"X-MBX-USED-WEIGHT-1M": "2399", "Date": "Thu, 08 Aug 2024 23:54:10 GMT"})
    assert budget.wait_s(20) > 0
    now_s += 600
    assert budget.wait_s(20) == 0


@pytest.mark.parametrize("headers", [{}, {"X-MBX-USED-WEIGHT-1M": "many"}, {"X-MBX-USED-WEIGHT-1M": "nan"}])
def test_headers_that_say_nothing_change_nothing(headers: dict[str, str]) -> None:
    """Our own count goes on."""
    budget = WeightBudget(1000, lambda: 5.0)
    for _ in range(8):
        assert budget.wait_s(100) == 0
        budget.learn(200, headers)
    assert budget.wait_s(100) > 0


def test_one_request_above_the_limit_is_not_held_for_ever() -> None:
    """A cost that never fits is sent when nothing else was."""
    assert WeightBudget(100, lambda: 5.0).wait_s(250) == 0
