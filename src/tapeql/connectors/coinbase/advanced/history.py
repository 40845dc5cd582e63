"""Advanced Trade over REST, the public endpoints: trades by time, books, candles."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from tapeql.connectors.coinbase.advanced.decode import decode_book, decode_candles, decode_trades
from tapeql.connectors.coinbase.history import CoinbaseHistory
from tapeql.connectors.events import BookSnapshot, Candle, Trade
from tapeql.connectors.frames import printable
from tapeql.connectors.venue import Clock, Info, Settings
from tapeql.errors import VenueError

PATH: Final = "/api/v3/brokerage"

PAGE: Final = 1000
CANDLES: Final = 350
FIRST_WINDOW_S: Final = 60

INTERVALS: Final = {
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "2h": 7200,
    "6h": 21_600,
    "1d": 86_400,
}

GRANULARITIES: Final = {
    "1m": "ONE_MINUTE",
    "5m": "FIVE_MINUTE",
    "15m": "FIFTEEN_MINUTE",
    "30m": "THIRTY_MINUTE",
    "1h": "ONE_HOUR",
    "2h": "TWO_HOUR",
    "6h": "SIX_HOUR",
    "1d": "ONE_DAY",
}
"""The same as the venue calls them."""


class History(CoinbaseHistory):
    """What the connector asks over REST.

    Source: docs.cdp.coinbase.com, "Get Public Market Trades", "Get Public Product Candles", "Get Public Product Book".
    Replies are a second old unless asked for with no-cache.
    """

    intervals = INTERVALS
    most_candles = CANDLES

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock, complaint, headers={"Cache-Control": "no-cache"})

    async def latest(self, symbol: str) -> list[Trade]:
        return await self._trades(symbol)

    async def trades(self, symbol: str, from_id: int | None, since_us: int | None) -> AsyncIterator[list[Trade]]:
        """Pages from an id or an instant on, until the venue has no more.

        The venue finds trades by the second only and answers with the newest PAGE of a window, so windows are as wide as
        that holds. Of a second with more trades than a page, the oldest cannot be had. An id without a time near it is
        searched for.
        """
        newest = await self.latest(symbol)
        if since_us is None:
            since_us = await self._near(symbol, from_id or 0, newest) * 1_000_000
        start_s, next_id, width_s = since_us // 1_000_000, from_id or 0, FIRST_WINDOW_S
        while newest and newest[-1].seq >= next_id:
            end_s, known = newest[-1].ts_us // 1_000_000 + 1, next_id
            while start_s < end_s:
                found = await self._trades(symbol, start_s, min(start_s + width_s, end_s))
                if len(found) >= PAGE and width_s > 1:
                    width_s = max(1, width_s // 4)
                    continue
                page = [t for t in found if t.seq >= next_id and (from_id is not None or t.ts_us >= since_us)]
                if page:
                    next_id = page[-1].seq + 1
                    yield page
                start_s = min(start_s + width_s, end_s)
                if len(found) < PAGE // 4:
                    width_s *= 2
            if next_id == known:
                return
            # Those made meanwhile; its last second was not over.
            start_s -= 1
            newest = await self.latest(symbol)

    async def _candles(self, symbol: str, interval: str, first_s: int, last_s: int) -> list[Candle]:
        params: dict[str, str | int] = {"start": first_s, "end": last_s, "granularity": GRANULARITIES[interval]}
        params["limit"] = self.most_candles
        body = await self.rest.get(f"{PATH}/market/products/{quote(symbol, safe='')}/candles", params)
        return self.rest.read(symbol, decode_candles, symbol, interval, body)

    async def book(self, symbol: str, depth: int | None) -> BookSnapshot:
        params: dict[str, str | int] = {"product_id": symbol}
        if depth is not None:
            params["limit"] = depth
        body = await self.rest.get(f"{PATH}/market/product_book", params)
        return self.rest.read(symbol, decode_book, symbol, body, self._clock())

    async def info(self) -> Info:
        now = self.rest.json(await self.rest.get(f"{PATH}/time"))
        try:
            time_us = int(now["epochMillis"]) * 1000
        except (TypeError, ValueError, KeyError):
            raise VenueError(f"{self._title} sent a time that cannot be read") from None
        return Info(self._venue, self._title, time_us, "ok", {"requests_per_s": self._per_s})

    async def _trades(self, symbol: str, start_s: int | None = None, end_s: int | None = None) -> list[Trade]:
        """The newest PAGE of a window, oldest first. Whether its ends belong to it is not documented: a second more at
        the start leaves nothing between two windows."""
        params: dict[str, str | int] = {"limit": PAGE}
        if start_s is not None:
            params["start"] = start_s - 1
        if end_s is not None:
            params["end"] = end_s
        body = await self.rest.get(f"{PATH}/market/products/{quote(symbol, safe='')}/ticker", params)
        return self.rest.read(symbol, decode_trades, symbol, body, self._clock())

    async def _near(self, symbol: str, trade_id: int, newest: list[Trade]) -> int:
        """A second before the trade of an id, found by going back twice as far each time and then halving."""
        if not newest or newest[-1].seq < trade_id:
            return 0
        if newest[0].seq <= trade_id:
            return newest[0].ts_us // 1_000_000
        late_s = newest[0].ts_us // 1_000_000
        early_s, span_s = late_s, 2 * FIRST_WINDOW_S
        while early_s > 0:
            early_s = max(0, late_s - span_s)
            before = await self._trades(symbol, end_s=early_s)
            if not before or before[-1].seq < trade_id:
                break
            late_s, span_s = before[0].ts_us // 1_000_000, 2 * span_s
            if before[0].seq <= trade_id:
                return late_s
        while late_s - early_s > FIRST_WINDOW_S:
            middle_s = (early_s + late_s) // 2
            before = await self._trades(symbol, end_s=middle_s)
            if before and before[-1].seq >= trade_id:
                late_s = middle_s
            else:
                early_s = middle_s
        return early_s


def complaint(status: int, body: bytes) -> str:
    """`{"error": "NOT_FOUND", "error_details": "…", "message": "…"}`, else the status."""
    try:
        said = json.loads(body)
        return printable(str(said.get("message") or said.get("error_details") or said["error"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"HTTP {status}"
