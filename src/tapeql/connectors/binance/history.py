"""Binance over REST: trades by raw id, books, candles, and the weight it says we have used."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

from msgspec.structs import replace

from tapeql.connectors.binance.decode import decode_book, decode_trades
from tapeql.connectors.binance.markets import Market
from tapeql.connectors.events import BookSnapshot, Candle, Trade, Void
from tapeql.connectors.frames import sound_candle
from tapeql.connectors.instants import epoch_us
from tapeql.connectors.rest import Rest
from tapeql.connectors.venue import Clock, Info, Settings, variable_of
from tapeql.errors import VenueError

PAGE: Final = 1000
NEWEST: Final = 1000
SOME: Final = 100
MINUTE_S: Final = 60.5
"""The venue's minute, and a moment for its clock to be a little behind."""

USED_WEIGHT: Final = "X-MBX-USED-WEIGHT-1M"
MOST_OF: Final = 0.8
"""The share of the weight limit we allow ourselves: others behind the same address want some too."""

SOME_LEVELS: Final = 1000

WINDOW_MS: Final = 3_600_000
AGGREGATED_MS: Final = 100
"""An aggregate trade of futures gathers what this long has brought at one price; its time is the first one's."""

KEY_REFUSED: Final = ("(-2014)", "(-2015)")
"""Codes of a missing and of a wrong API key."""


class WeightBudget:
    """The weight used this minute, as the venue counts it; it begins anew with the venue's own minute."""

    def __init__(self, limit: float, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.used = 0.0
        self._clock_s = clock_s
        self._anew_s = clock_s() + MINUTE_S

    def wait_s(self, cost: float) -> float:
        now_s = self._clock_s()
        if now_s >= self._anew_s:
            self.used, self._anew_s = 0.0, now_s + MINUTE_S
        if self.used + cost > MOST_OF * self.limit and self.used > 0:
            return self._anew_s - now_s
        self.used += cost
        return 0.0

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        try:
            used = int(headers.get(USED_WEIGHT, ""))
            left_s = MINUTE_S - parsedate_to_datetime(headers.get("Date", "")).second
        except (TypeError, ValueError):
            return
        self.used, self._anew_s = float(used), self._clock_s() + left_s


class History:
    """What the connector asks over REST."""

    def __init__(self, market: Market, settings: Settings, clock: Clock) -> None:
        self._market = market
        self._clock = clock
        self._title = settings.venue.title
        self._key_variable = variable_of(settings.venue.name, "api_key")
        self.budget = WeightBudget(settings.number("weight_limit", market.weight_limit))
        key = settings.credentials.get("api_key")
        headers = {"X-MBX-APIKEY": key.reveal()} if key else {}
        self.rest = Rest(self._title, settings.rest_url, self.budget, complaint, headers=headers)

    async def latest(self, symbol: str) -> list[Trade | Void]:
        body = await self._get("trades", {"symbol": symbol, "limit": NEWEST})
        return self.rest.read(symbol, decode_trades, self._market, symbol, body, self._clock())

    async def from_id(self, symbol: str, from_id: int) -> AsyncIterator[list[Trade | Void]]:
        """Pages from an id on, until the venue has no more."""
        most = self._market.page
        while True:
            body = await self._get("historicalTrades", {"symbol": symbol, "fromId": from_id, "limit": most})
            found = self.rest.read(symbol, decode_trades, self._market, symbol, body, self._clock())
            page = [trade for trade in found if trade.seq >= from_id]
            if page:
                if self._market.follows_previous and page[0].seq - from_id <= most:
                    # What futures leave out may stand at the beginning, too.
                    page[:0] = [Void(symbol, seq) for seq in range(from_id, page[0].seq)]
                from_id = page[-1].seq + 1
                yield page
            if not page or sum(isinstance(trade, Trade) for trade in found) < most:
                return

    async def id_before(self, symbol: str, since_us: int) -> int | None:
        """A raw id from which on the trades at or after an instant are found; None where there are none up to now.

        Aggregate trades tell which raw ids they are made of. They are found by time only an hour at a time, so quiet
        hours are crossed one by one, up to the newest trade.
        """
        newest = [trade for trade in await self.latest(symbol) if isinstance(trade, Trade)]
        if not newest or newest[-1].ts_us < since_us:
            return None
        if newest[0].ts_us < since_us:
            return newest[0].seq
        first = await self._aggregate(symbol, {"fromId": 0})
        if first is None or first[0] >= newest[0].seq:
            return newest[0].seq
        start_ms = max(since_us // 1000 - AGGREGATED_MS, first[1])
        while start_ms <= newest[0].ts_us // 1000:
            end_ms = start_ms + WINDOW_MS - 1
            found = await self._aggregate(symbol, {"startTime": start_ms, "endTime": end_ms})
            if found is not None:
                return found[0]
            start_ms = end_ms + 1
        return newest[0].seq

    async def _aggregate(self, symbol: str, where: Mapping[str, int]) -> tuple[int, int] | None:
        """The raw id that the first aggregate trade there begins with, and its time in ms."""
        rows = self.rest.json(await self._get("aggTrades", {"symbol": symbol, "limit": SOME, **where}))
        return self.rest.read(symbol, _first_of, rows)

    async def candles(
        self, symbol: str, interval: str, since_us: int, until_us: int | None
    ) -> AsyncIterator[list[Candle]]:
        known = self._market.intervals
        if interval not in known:
            raise VenueError(f"{self._title} has no candles of {interval}; it has {', '.join(known)}")
        now_us = (await self.info()).time_us
        start_ms = -(-since_us // 1000)
        end_ms = (now_us or 0) // 1000 if until_us is None else -(-until_us // 1000) - 1
        while start_ms <= end_ms:
            params: dict[str, str | int] = {"symbol": symbol, "interval": interval.replace("mo", "M"), "limit": PAGE}
            rows = self.rest.json(await self._get("klines", params | {"startTime": start_ms, "endTime": end_ms}))
            opened = self.rest.read(symbol, self._candles, symbol, interval, rows)
            page = [candle for candle, close_us in opened if close_us < (now_us or 0)]
            if page:
                yield page
            if len(opened) < PAGE:
                return
            start_ms = max(start_ms, opened[-1][0].ts_us // 1000) + 1

    async def book(self, symbol: str, depth: int | None) -> BookSnapshot:
        """The best `depth` levels of each side, or all that can be had.

        A whole book costs as much as five of 1,000 levels: when the minute's weight runs low, many are better than deep.
        """
        scarce = self.budget.used > self.budget.limit / 2
        most = SOME_LEVELS if scarce else self._market.depths[-1]
        limit = next((limit for limit in self._market.depths if limit >= (depth or most)), most)
        body = await self._get("depth", {"symbol": symbol, "limit": limit})
        book = self.rest.read(symbol, decode_book, self._market, symbol, body, self._clock())
        return replace(book, bids=book.bids[:depth], asks=book.asks[:depth])

    async def info(self) -> Info:
        reply = self.rest.json(await self._get("time", {}))
        try:
            time_us = epoch_us(int(reply["serverTime"]))
        except (TypeError, ValueError, LookupError):
            raise VenueError(f"{self._title} sent a time that cannot be read") from None
        return Info(
            self._market.venue,
            self._title,
            time_us,
            "ok",
            {"weight_used_1m": self.budget.used, "weight_limit_1m": self.budget.limit},
        )

    async def _get(self, name: str, params: Mapping[str, str | int]) -> bytes:
        try:
            return await self.rest.get(f"{self._market.path}/{name}", params, cost=self._market.weights[name])
        except VenueError as error:
            if any(code in str(error) for code in KEY_REFUSED):
                raise VenueError(f"{error}; set {self._key_variable}", status=error.status) from None
            raise

    def _candles(self, symbol: str, interval: str, rows: list[Any]) -> list[tuple[Candle, int]]:
        """Candles, and when each closes in µs."""
        return [(self._candle(symbol, interval, row), epoch_us(int(row[6]))) for row in rows]

    def _candle(self, symbol: str, interval: str, row: list[Any]) -> Candle:
        """[open time, open, high, low, close, volume, close time, quote volume, trades, …]"""
        open_, high, low, close, volume, value = (float(row[at]) for at in (1, 2, 3, 4, 5, 7))
        vwap = value / volume if volume > 0 else None
        ts_us = epoch_us(int(row[0]))
        venue = self._market.venue
        trades = int(row[8])
        return sound_candle(Candle(venue, symbol, interval, ts_us, open_, high, low, close, volume, trades, vwap))


def _first_of(rows: list[Any]) -> tuple[int, int] | None:
    """The venue marks trades it could not put together with ids of -1."""
    return next(((int(row["f"]), int(row["T"])) for row in rows if int(row["f"]) >= 0), None)


def complaint(status: int, body: bytes) -> str:
    """`{"code": -1121, "msg": "Invalid symbol."}`, else the status."""
    try:
        said = json.loads(body)
        return f"{said['msg']} ({said['code']})"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {status}"
