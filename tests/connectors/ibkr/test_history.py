"""The real ib_async client asks a simulated TWS for what has been: trades, candles, books, contracts."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tapeql.connectors.events import Candle, Trade
from tapeql.connectors.ibkr import pacing
from tapeql.connectors.ibkr.numbering import Numbers
from tapeql.errors import VenueError
from tests.connectors.ibkr.session import connector
from tests.exchange.ibkr import DAY_S, HOUR_S, Level, Listed, Print, Tws

FRIDAY = int(datetime(2024, 6, 28, 13, 30, tzinfo=UTC).timestamp())
MONDAY = FRIDAY + 3 * DAY_S
END_US = (MONDAY + DAY_S) * 1_000_000
SESSION_S = 6 * HOUR_S + HOUR_S // 2


def market(seed: int = 3) -> Listed:
    """Two sessions, a weekend between them; seconds of one trade and of hundreds."""
    chance = random.Random(seed)
    tape: list[Print] = []
    for opening, seconds in ((FRIDAY, 60), (MONDAY, 25)):
        second = opening
        for _ in range(seconds):
            second += chance.randrange(1, 100)
            for _ in range(chance.choice([1, 3, 40, 180])):
                price = 10 + chance.randrange(5) / 100
                tape.append(
                    Print(second, price, 100.0 * chance.randrange(1, 3), chance.choice("PQ"), "", chance.random() < 0.1)
                )
    return Listed(265598, "AAPL", tape=tape, sessions=[(FRIDAY, FRIDAY + SESSION_S), (MONDAY, MONDAY + SESSION_S)])


def expected(stock: Listed) -> list[tuple[int, int, float]]:
    """(second, place within it, price) of all the history has."""
    places: dict[int, int] = {}
    rows = []
    for each in stock.history():
        places[each.second] = places.get(each.second, -1) + 1
        rows.append((each.second, places[each.second], each.price))
    return rows


def seen(trades: list[Any]) -> list[tuple[int, int, float]]:
    return [(t.ts_us // 1_000_000, t.seq, t.price) for t in trades]


def run(scenario: Any) -> None:
    asyncio.run(asyncio.wait_for(scenario, 30))


def test_trades_page_by_seconds_across_sessions() -> None:
    """Pages bring every trade once, in order, through full pages, busy seconds and a weekend."""

    async def scenario() -> None:
        stock = market()
        # One second with more trades than a page.
        busy = MONDAY + 3000
        stock.tape += [Print(busy, 10.0, 1.0, "P")] * 1500 + [Print(busy + 1, 11.0, 1.0, "P")]
        async with Tws([stock]) as tws:
            made = connector(tws.url)
            pages = [page async for page in made.fetch_ticks("AAPL", since_us=FRIDAY * 1_000_000, until_us=END_US)]
            await made.disconnect()
        trades = [t for page in pages for t in page]
        assert seen(trades) == expected(stock)
        assert all(pages)
        assert len({t.trade_id for t in trades if isinstance(t, Trade)}) == len(trades) > 4 * 1000
        assert len(tws.asked_for(96, 20)) <= 15

    run(scenario())


def test_trades_between_two_instants() -> None:
    """Numbers do not depend on where a walk began, and its end is excluded."""

    async def scenario() -> None:
        stock = market(4)
        async with Tws([stock]) as tws:
            made = connector(tws.url)
            since_s, until_s = stock.tape[1000].second, stock.tape[2500].second
            found = [
                t
                async for page in made.fetch_ticks(
                    "AAPL", since_us=since_s * 1_000_000 - 1, until_us=until_s * 1_000_000
                )
                for t in page
            ]
            later_s = stock.tape[1001].second + 1
            later = [
                t
                async for page in made.fetch_ticks(
                    "AAPL", since_us=later_s * 1_000_000 + 1, until_us=until_s * 1_000_000
                )
                for t in page
            ]
            await made.disconnect()
        assert seen(found) == [row for row in expected(stock) if since_s <= row[0] < until_s]
        assert seen(later) == [row for row in expected(stock) if later_s < row[0] < until_s]

    run(scenario())


def test_newest_trades() -> None:
    """Without an instant, one page of the newest, with the numbers any other walk gives them."""

    async def scenario() -> None:
        stock = market(5)
        stock.sessions = []
        async with Tws([stock]) as tws:
            made = connector(tws.url)
            (page,) = [page async for page in made.fetch_ticks("AAPL")]
            with pytest.raises(VenueError, match="numbers no trades"):
                await anext(made.fetch_ticks("AAPL", from_id=7))
            await made.disconnect()
        assert 500 < len(page) < 1000
        assert seen(page) == expected(stock)[-len(page) :]

    run(scenario())


def candles_of(stock: Listed, step_s: int) -> list[tuple[int, float, float, float, float, float, int]]:
    bars: dict[int, list[Print]] = {}
    for each in stock.history():
        bars.setdefault(each.second - each.second % step_s, []).append(each)
    return [
        (at, p[0].price, max(x.price for x in p), min(x.price for x in p), p[-1].price, sum(x.size for x in p), len(p))
        for at, p in bars.items()
    ]


@pytest.mark.parametrize(("interval", "step_s"), [("1m", 60), ("5m", 300), ("1h", 3600)])
def test_candles(interval: str, step_s: int) -> None:
    """Each finished candle once, in order, whole where two requests meet; the last one only when it is over."""

    async def scenario() -> None:
        stock, now_s = market(6), int(time.time())
        # Days until today would be many requests.
        for n, each in enumerate(stock.tape):
            stock.tape[n] = each._replace(second=each.second - FRIDAY + now_s - now_s % DAY_S - 2 * DAY_S - 5000)
        stock.tape.append(Print(now_s - 1, 10.0, 1.0, "P"))
        stock.tape.sort(key=lambda each: each.second)
        async with Tws([stock]) as tws:
            made = connector(tws.url)
            since_s = stock.tape[0].second + 100
            pages = [page async for page in made.fetch_candles("AAPL", interval, since_us=since_s * 1_000_000)]
            await made.disconnect()
        found = [
            (c.ts_us // 1_000_000, c.open, c.high, c.low, c.close, c.volume, c.trades) for page in pages for c in page
        ]
        assert found == [row for row in candles_of(stock, step_s) if row[0] >= since_s and row[0] + step_s <= now_s]
        assert all(isinstance(c, Candle) and c.interval == interval for page in pages for c in page)

    run(scenario())


def test_day_candles_begin_where_the_contract_trades() -> None:
    """Days are New York's, until an instant that is excluded."""

    async def scenario() -> None:
        async with Tws([market(7)]) as tws:
            made = connector(tws.url)
            since_us, until_us = (FRIDAY - DAY_S) * 1_000_000, (MONDAY - DAY_S) * 1_000_000
            pages = [page async for page in made.fetch_candles("AAPL", "1d", since_us=since_us, until_us=until_us)]
            with pytest.raises(VenueError, match="no candles of 7m; it has 1s, 5s"):
                await anext(made.fetch_candles("AAPL", "7m", since_us=since_us))
            await made.disconnect()
        assert [datetime.fromtimestamp(c.ts_us / 1e6, UTC).isoformat() for page in pages for c in page] == [
            "2024-06-28T04:00:00+00:00"
        ]

    run(scenario())


def test_candles_of_currencies_are_midpoints() -> None:
    """Currencies have no trades to make candles of."""

    async def scenario() -> None:
        euro = Listed(12087792, "EUR", "CASH", "IDEALPRO", "USD", tape=[Print(FRIDAY, 1.07, 1.0)])
        async with Tws([euro]) as tws:
            made = connector(tws.url)
            window = {"since_us": FRIDAY * 1_000_000, "until_us": (FRIDAY + 60) * 1_000_000}
            (page,) = [page async for page in made.fetch_candles("EURUSD", "1m", **window)]
            await made.disconnect()
        assert len(page) == 1
        assert tws.asked_for(20)[0][19] == "MIDPOINT"

    run(scenario())


def test_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A complaint about the pace is waited for and the request repeated; another refusal is told in TWS's words."""
    monkeypatch.setattr(pacing, "PENALTY_S", 0.1)
    monkeypatch.setattr(pacing, "SAME_S", 0.05)

    async def scenario() -> None:
        stock = market(8)
        async with Tws([stock]) as tws:
            made = connector(tws.url)
            tws.refuse_history.append((162, "Historical Market Data Service error message:pacing violation"))
            began_s = time.monotonic()
            assert [page async for page in made.fetch_ticks("AAPL")]
            assert time.monotonic() - began_s >= 0.1
            tws.refuse_history.append((162, "Historical Market Data Service error message:No market data permissions"))
            with pytest.raises(
                VenueError, match=r"^IBKR: AAPL: the history was not given: .*No market data permissions"
            ):
                await anext(made.fetch_ticks("AAPL", since_us=1))
            tws.refuse_history += [(162, "pacing violation")] * 3
            with pytest.raises(VenueError, match="pacing violation"):
                await anext(made.fetch_ticks("AAPL", since_us=2))
            with pytest.raises(VenueError, match=r"^IBKR: NOPE: there is no such instrument") as caught:
                await made.fetch_order_book("NOPE")
            assert caught.value.code == "200"
            await made.disconnect()

    run(scenario())


def test_books_symbols_and_the_state_of_the_venue() -> None:
    """A book is what a moment's subscription brings; symbols are those named; figures are the session's own."""

    async def scenario() -> None:
        spy = Listed(756733, "SPY", stock_type="ETF", bids=[Level(5.0, 2.0), Level(5.0, 1.0)], asks=[Level(5.1, 1.0)])
        future = Listed(495512563, "ES", "FUT", "CME", "USD", "ESZ5", zone="US/Central", min_tick=0.25)
        async with Tws([spy, future]) as tws:
            made = connector(tws.url, symbols="SPY, ESZ5@CME NOPE")
            book = await made.fetch_order_book("SPY")
            assert (book.bids, book.asks) == ([(5.0, 3.0)], [(5.1, 1.0)])
            assert not tws.clients[0].lines or not tws.asked_for(11)
            rows = await made.symbols()
            assert [(r.symbol, r.kind, r.price_step, r.native) for r in rows] == [
                ("ESZ5@CME", "future", 0.25, "ESZ5"),
                ("SPY", "etf", 0.01, None),
            ]
            assert [r.symbol for r in await made.symbols("etf")] == ["SPY"]
            info = await made.info()
            assert info.status == "ok"
            assert abs(info.time_us / 1e6 - time.time()) < 5
            assert info.limits["history_requests_10m_limit"] == 60
            await made.disconnect()
            bare = connector(tws.url)
            with pytest.raises(VenueError, match="TAPEQL_IBKR_SYMBOLS"):
                await bare.symbols()

    run(scenario())


def test_pages_agree_with_numbers_given_at_once() -> None:
    """The ids of a walk are those that one count over the whole tape gives."""

    async def scenario() -> None:
        stock = market(9)
        async with Tws([stock]) as tws:
            made = connector(tws.url)
            found = [
                t async for page in made.fetch_ticks("AAPL", since_us=MONDAY * 1_000_000, until_us=END_US) for t in page
            ]
            await made.disconnect()
        numbers = Numbers()
        whole = [
            numbers.next(p.second, f"{p.second}/{p.price:g}/{p.size:g}/{p.exchange}/", reported=True)
            for p in stock.history()
            if p.second >= MONDAY
        ]
        assert [(t.seq, t.trade_id) for t in found if isinstance(t, Trade)] == whole

    run(scenario())
