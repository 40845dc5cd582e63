"""What IBKR's history answers: contracts, trades by the second, candles, books; one request at a time, paced."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from tapeql.connectors.events import BookSnapshot, Candle, Instrument, Refused, Trade
from tapeql.connectors.ibkr.book import IbkrBook
from tapeql.connectors.ibkr.complaints import says_no_data, says_too_fast
from tapeql.connectors.ibkr.decode import bar_us, decode_candle, decode_depth, decode_trade, second_of
from tapeql.connectors.ibkr.numbering import Numbers
from tapeql.connectors.ibkr.pacing import Pacer
from tapeql.connectors.ibkr.subscriptions import is_smart
from tapeql.connectors.ibkr.symbols import contract, instrument, the_one
from tapeql.connectors.venue import Clock
from tapeql.errors import VenueError

if TYPE_CHECKING:
    from ib_async.contract import Contract, ContractDetails
    from ib_async.objects import BarData, HistoricalTickLast

    from tapeql.connectors.ibkr.gateway import Gateway

PAGE: Final = 1000
TRIES: Final = 3
BOOK_S: Final = 10.0

_US: Final = 1_000_000
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Step:
    """An interval of candles: IBKR's word for it, its length, and how far one request reaches back.

    A request of "2 D" has at least all of the last `window_s`: days and weeks are those of trading.
    """

    size: str
    step_s: int
    reach: str
    window_s: int


STEPS: Final = {
    "1s": Step("1 secs", 1, "1800 S", 1800),
    "5s": Step("5 secs", 5, "3600 S", 3600),
    "10s": Step("10 secs", 10, "14400 S", 14_400),
    "15s": Step("15 secs", 15, "14400 S", 14_400),
    "30s": Step("30 secs", 30, "28800 S", 28_800),
    "1m": Step("1 min", 60, "2 D", _DAY_S),
    "2m": Step("2 mins", 120, "2 D", _DAY_S),
    "3m": Step("3 mins", 180, "1 W", 6 * _DAY_S),
    "5m": Step("5 mins", 300, "1 W", 6 * _DAY_S),
    "10m": Step("10 mins", 600, "1 W", 6 * _DAY_S),
    "15m": Step("15 mins", 900, "1 W", 6 * _DAY_S),
    "20m": Step("20 mins", 1200, "1 W", 6 * _DAY_S),
    "30m": Step("30 mins", 1800, "1 M", 27 * _DAY_S),
    "1h": Step("1 hour", 3600, "1 M", 27 * _DAY_S),
    "2h": Step("2 hours", 7200, "1 M", 27 * _DAY_S),
    "3h": Step("3 hours", 10_800, "1 M", 27 * _DAY_S),
    "4h": Step("4 hours", 14_400, "1 M", 27 * _DAY_S),
    "8h": Step("8 hours", 28_800, "1 M", 27 * _DAY_S),
    "1d": Step("1 day", _DAY_S, "1 Y", 360 * _DAY_S),
}


class History:
    """What the connector asks. `session` opens the connection where there is none."""

    def __init__(self, title: str, session: Callable[[], Awaitable[Gateway]], clock: Clock, rows: int) -> None:
        self._title = title
        self._session = session
        self._clock = clock
        self._rows = rows
        self._turn = asyncio.Lock()
        self._details: dict[str, ContractDetails] = {}
        self.pacer = Pacer(time.monotonic)

    # ── contracts ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def contract(self, symbol: str) -> Contract:
        details = await self.details(symbol)
        assert details.contract is not None
        return details.contract

    async def details(self, symbol: str) -> ContractDetails:
        if symbol not in self._details:
            asked = contract(symbol)
            gateway = await self._session()
            found = await gateway.answer(lambda client, number: client.reqContractDetails(number, asked), about=symbol)
            self._details[symbol] = the_one(symbol, found)
        return self._details[symbol]

    async def instruments(self, symbols: list[str]) -> list[Instrument]:
        """Those of the symbols that IBKR knows."""
        now_us = self._clock() // 1000
        found: list[Instrument] = []
        for symbol in symbols:
            with contextlib.suppress(VenueError):
                found.append(instrument(symbol, await self.details(symbol), now_us))
        return found

    # ── trades ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def newest(self, symbol: str) -> list[Trade]:
        """One page. Of a full one the first second is left out: it may have begun before the page."""
        at = await self.contract(symbol)
        ticks = await self._ticks(symbol, at, end_s=await self._now_s() + 1)
        if len(ticks) >= PAGE:
            first_s = second_of(ticks[0])
            ticks = [tick for tick in ticks if second_of(tick) > first_s]
        return self._trades(symbol, ticks, Numbers())

    async def trades(self, symbol: str, since_us: int, until_us: int | None) -> AsyncIterator[list[Trade]]:
        """Pages from an instant on.

        A full page ends with a whole second, as the venue says; its last second is asked for again nevertheless. A page
        has ticks of one session only: where one is empty, candles tell the next minute in which something was traded.
        """
        at = await self.contract(symbol)
        numbers = Numbers()
        from_s = since_us // _US
        stop_s = await self._now_s() + 1 if until_us is None else -(-until_us // _US)
        while from_s < stop_s:
            ticks = [t for t in await self._ticks(symbol, at, start_s=from_s) if second_of(t) >= from_s]
            if not ticks:
                following = await self._next_minute(symbol, at, from_s, stop_s)
                if following is None:
                    return
                from_s = following
                continue
            last_s = second_of(ticks[-1])
            if len(ticks) >= PAGE and second_of(ticks[0]) < last_s:
                ticks = [tick for tick in ticks if second_of(tick) < last_s]
                from_s = last_s
            else:
                from_s = last_s + 1
            page = self._trades(symbol, ticks, numbers)
            within = [t for t in page if t.ts_us >= since_us and (until_us is None or t.ts_us < until_us)]
            if within:
                yield within

    def _trades(self, symbol: str, ticks: list[HistoricalTickLast], numbers: Numbers) -> list[Trade]:
        recv_ns = self._clock()
        decoded = [decode_trade(symbol, tick, numbers, recv_ns) for tick in ticks]
        for event in decoded:
            if isinstance(event, Refused):
                raise VenueError(f"{self._title} sent a history of {symbol} that cannot be: {event.reason}")
        return [event for event in decoded if isinstance(event, Trade)]

    async def _ticks(
        self, symbol: str, at: Contract, *, start_s: int | None = None, end_s: int | None = None
    ) -> list[HistoricalTickLast]:
        """Oldest first."""
        start, end = _text(start_s), _text(end_s)

        def ask(client: Any, number: int) -> None:
            client.reqHistoricalTicks(number, at, start, end, PAGE, "TRADES", False, False, [])

        found: list[HistoricalTickLast] = await self._ask(symbol, "TRADES", ("ticks", start, end), ask)
        try:
            return sorted(found, key=second_of)
        except ValueError:
            raise VenueError(f"{self._title} sent a history of {symbol} with an impossible time") from None

    async def _next_minute(self, symbol: str, at: Contract, after_s: int, stop_s: int) -> int | None:
        """The first minute beginning after an instant in which something was traded.

        Minutes are looked at for a day; behind it hours, of which one request tells a month.
        """
        day_s = min(after_s + _DAY_S, stop_s)
        minute = await self._first_bar(symbol, at, STEPS["1m"], after_s, day_s)
        if minute is not None or day_s == stop_s:
            return minute
        hour = await self._first_bar(symbol, at, STEPS["1h"], day_s - _HOUR_S, stop_s)
        if hour is None:
            return None
        # A session may open within the hour: ticks asked for from before that are none.
        after_s = max(after_s, hour - 1)
        minute = await self._first_bar(symbol, at, STEPS["1m"], after_s, min(hour + _HOUR_S, stop_s))
        return after_s + 1 if minute is None else minute

    async def _first_bar(self, symbol: str, at: Contract, step: Step, after_s: int, stop_s: int) -> int | None:
        async for bars, _ in self._windows(symbol, at, step, after_s, stop_s):
            for bar in bars:
                second = bar_us(bar, ZoneInfo("UTC")) // _US
                if second > after_s and bar.volume > 0:
                    return second
        return None

    # ── candles ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def candles(
        self, symbol: str, interval: str, since_us: int, until_us: int | None
    ) -> AsyncIterator[list[Candle]]:
        if interval not in STEPS:
            raise VenueError(f"{self._title} has no candles of {interval}; it has {', '.join(STEPS)}")
        step, details = STEPS[interval], await self.details(symbol)
        now_s = await self._now_s()
        stop_s = now_s if until_us is None else min(now_s, -(-until_us // _US) + step.step_s)
        last_us = since_us - 1
        zone = _zone(details.timeZoneId)
        async for bars, end_s in self._windows(symbol, await self.contract(symbol), step, since_us // _US, stop_s):
            try:
                page = [decode_candle(symbol, interval, bar, zone) for bar in bars]
            except (ValueError, TypeError):
                raise VenueError(f"{self._title} sent candles that cannot be read") from None
            # The last one before the end of a request may be cut there: the next request has it whole.
            page = [c for c in page if c.ts_us > last_us and c.ts_us + step.step_s * _US <= end_s * _US]
            page = [c for c in page if until_us is None or c.ts_us < until_us]
            if page:
                last_us = page[-1].ts_us
                yield page

    async def _windows(
        self, symbol: str, at: Contract, step: Step, from_s: int, stop_s: int
    ) -> AsyncIterator[tuple[list[BarData], int]]:
        """The bars of one request after the other and where each ends. They overlap, and may begin earlier."""
        what = "MIDPOINT" if at.secType == "CASH" else "TRADES"
        while from_s < stop_s:
            end_s = min(from_s + step.window_s, stop_s)
            end = _text(end_s)

            def ask(client: Any, number: int, end: str = end) -> None:
                client.reqHistoricalData(number, at, end, step.reach, step.size, what, False, 2, False, [])

            yield await self._ask(symbol, what, (step.size, end), ask, _cancel_bars), end_s
            if end_s == stop_s:
                return
            from_s = end_s - step.step_s

    # ── books ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def book(self, symbol: str, depth: int | None) -> BookSnapshot:
        """Subscribes for as long as the first rows take to come."""
        at = await self.contract(symbol)
        rows, smart = depth or self._rows, is_smart(at)
        gateway = await self._session()
        found = await gateway.until_quiet(
            lambda client, number: client.reqMktDepth(number, at, rows, smart, []),
            lambda client, number: client.cancelMktDepth(number, smart),
            about=symbol,
            answer_s=BOOK_S,
        )
        book = IbkrBook(rows)
        snapshot: BookSnapshot | None = None
        for event in decode_depth(symbol, found, self._clock(), begins=True):
            if isinstance(event, Refused):
                raise VenueError(f"{self._title} sent a book of {symbol} that cannot be: {event.reason}")
            snapshot = next((e for e in book.on_delta(event).events if isinstance(e, BookSnapshot)), None)
        if snapshot is None:
            raise VenueError(f"{self._title} sent a book of {symbol} with a row in no place")
        return snapshot

    # ── one request ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def _now_s(self) -> int:
        return await (await self._session()).time_s()

    async def _ask(
        self,
        symbol: str,
        what: str,
        request: Hashable,
        ask: Callable[[Any, int], None],
        cancel: Callable[[Any, int], None] | None = None,
    ) -> list[Any]:
        async with self._turn:
            for attempt in range(TRIES):
                while (slow_s := self.pacer.wait_s((symbol, what), (symbol, request))) > 0:
                    await asyncio.sleep(slow_s)
                gateway = await self._session()
                try:
                    return await gateway.answer(ask, cancel, about=symbol)
                except VenueError as error:
                    code, text = int(error.code or 0), str(error)
                    if says_no_data(code, text):
                        return []
                    if not says_too_fast(code, text) or attempt == TRIES - 1:
                        raise
                    self.pacer.too_fast()
        raise AssertionError


def _cancel_bars(client: Any, number: int) -> None:
    client.cancelHistoricalData(number)


def _text(second: int | None) -> str:
    return "" if second is None else datetime.fromtimestamp(second, UTC).strftime("%Y%m%d %H:%M:%S UTC")


def _zone(name: str) -> ZoneInfo:
    """The contract's own zone; Greenwich where it says none that is known."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError):
        return ZoneInfo("UTC")
