"""Binance over REST: trades by raw id, books, candles, and the weight it says we have used."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import msgspec

from tapeql.connectors.binance.decode import decode_book, decode_trades
from tapeql.connectors.binance.markets import Market
from tapeql.connectors.events import BookSnapshot, Candle, Trade, Void
from tapeql.connectors.instants import epoch_us
from tapeql.connectors.rest import Rest
from tapeql.connectors.settings import Settings
from tapeql.connectors.venue import Clock, Info
from tapeql.errors import VenueError

Read = TypeVar("Read")

PAGE: Final = 1000
USED_WEIGHT: Final = "X-MBX-USED-WEIGHT-1M"
MOST_OF: Final = 0.8
"""The share of the weight limit we allow ourselves: others behind the same address want some too."""

WINDOW_MS: Final = 3_600_000
INTERVALS: Final = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1mo")


class WeightBudget:
    """The weight used this minute, as the venue counts it; it begins anew with the venue's own minute."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.used = 0.0
        self._left_s = 60.0

    def wait_s(self, cost: float) -> float:
        if self.used + cost > MOST_OF * self.limit and self.used > 0:
            wait_s, self.used = self._left_s, 0.0
            return wait_s
        self.used += cost
        return 0.0

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        try:
            self.used = float(headers.get(USED_WEIGHT, ""))
            self._left_s = 60.5 - parsedate_to_datetime(headers.get("Date", "")).second
        except (TypeError, ValueError):
            pass


class History:
    """What the connector asks over REST."""

    def __init__(self, market: Market, settings: Settings, clock: Clock) -> None:
        self._market = market
        self._clock = clock
        self._title = settings.venue.title
        self.budget = WeightBudget(market.weight_limit)
        key = settings.credentials.get("api_key")
        headers = {"X-MBX-APIKEY": key.reveal()} if key else {}
        self.rest = Rest(self._title, settings.rest_url, self.budget, complaint, headers=headers)

    async def latest(self, symbol: str) -> list[Trade | Void]:
        body = await self._get("trades", {"symbol": symbol, "limit": PAGE})
        return self._read(decode_trades, symbol, body)

    async def from_id(self, symbol: str, from_id: int) -> AsyncIterator[list[Trade | Void]]:
        """Pages from an id on, until the venue has no more."""
        while True:
            body = await self._get("historicalTrades", {"symbol": symbol, "fromId": from_id, "limit": PAGE})
            page = [trade for trade in self._read(decode_trades, symbol, body) if trade.seq >= from_id]
            if page:
                yield page
                from_id = page[-1].seq + 1
            if len(page) < PAGE:
                return

    async def id_at(self, symbol: str, since_us: int) -> int | None:
        """The raw id of the first trade at or after an instant; None where there is none up to now.

        Aggregate trades tell which raw ids they are made of. They are found by time only an hour at a time, so quiet
        hours are crossed one by one, up to the newest trade.
        """
        newest = await self.latest(symbol)
        last_us = max((trade.ts_us for trade in newest if isinstance(trade, Trade)), default=None)
        if last_us is None or last_us < since_us:
            return None
        start_ms = -(-since_us // 1000)
        while start_ms <= last_us // 1000:
            end_ms = start_ms + WINDOW_MS - 1
            window: dict[str, str | int] = {"symbol": symbol, "startTime": start_ms, "endTime": end_ms, "limit": 1}
            found = self._json(await self._get("aggTrades", window))
            if found:
                return int(found[0]["f"])
            start_ms += WINDOW_MS
        return None

    async def candles(
        self, symbol: str, interval: str, since_us: int, until_us: int | None
    ) -> AsyncIterator[list[Candle]]:
        if interval not in INTERVALS:
            raise VenueError(f"{self._title} has no candles of {interval}; it has {', '.join(INTERVALS)}")
        now_us = (await self.info()).time_us
        start_ms = -(-since_us // 1000)
        while True:
            params: dict[str, str | int] = {"symbol": symbol, "interval": interval.replace("mo", "M"), "limit": PAGE}
            params["startTime"] = start_ms
            if until_us is not None:
                params["endTime"] = until_us // 1000 - 1
            rows = self._json(await self._get("klines", params))
            try:
                page = [
                    self._candle(symbol, interval, row)
                    for row in rows
                    if now_us is None or epoch_us(int(row[6])) < now_us
                ]
            except (TypeError, ValueError, IndexError):
                raise VenueError(f"{self._title} sent candles that cannot be read") from None
            if page:
                yield page
            if len(rows) < PAGE:
                return
            start_ms = int(rows[-1][0]) + 1

    async def book(self, symbol: str, depth: int | None) -> BookSnapshot:
        body = await self._get("depth", {"symbol": symbol, "limit": depth or self._market.depth})
        return self._read(decode_book, symbol, body)

    async def info(self) -> Info:
        now = self._json(await self._get("time", {}))
        return Info(
            self._market.venue,
            self._title,
            epoch_us(int(now["serverTime"])),
            "ok",
            {"weight_used_1m": self.budget.used, "weight_limit_1m": self.budget.limit},
        )

    async def _get(self, name: str, params: Mapping[str, str | int]) -> bytes:
        return await self.rest.get(f"{self._market.path}/{name}", params, cost=self._market.weights[name])

    def _read(self, decode: Callable[[Market, str, bytes, int], Read], symbol: str, body: bytes) -> Read:
        try:
            return decode(self._market, symbol, body, self._clock())
        except (ValueError, RecursionError):
            raise VenueError(f"{self._title} sent a reply about {symbol} that cannot be read") from None

    def _json(self, body: bytes) -> Any:
        try:
            return msgspec.json.decode(body)
        except (ValueError, RecursionError):
            raise VenueError(f"{self._title} sent a reply that is not JSON") from None

    def _candle(self, symbol: str, interval: str, row: list[Any]) -> Candle:
        """[open time, open, high, low, close, volume, close time, quote volume, trades, …]"""
        volume, value = float(row[5]), float(row[7])
        open_, high, low, close = (float(text) for text in row[1:5])
        return Candle(
            self._market.venue,
            symbol,
            interval,
            epoch_us(int(row[0])),
            open_,
            high,
            low,
            close,
            volume,
            trades=int(row[8]),
            vwap=value / volume if volume > 0 else None,
        )


def complaint(status: int, body: bytes) -> str:
    """`{"code": -1121, "msg": "Invalid symbol."}`, else the status."""
    try:
        said = json.loads(body)
        return f"{said['msg']} ({said['code']})"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {status}"
