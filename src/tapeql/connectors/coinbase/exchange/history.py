"""Coinbase Exchange over REST: trades by id, books, candles."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import msgspec

from tapeql.connectors.coinbase.exchange.decode import decode_book, decode_candles, decode_trades
from tapeql.connectors.coinbase.history import CoinbaseHistory
from tapeql.connectors.events import BookSnapshot, Candle, Trade
from tapeql.connectors.frames import printable
from tapeql.connectors.venue import Clock, Info, Settings
from tapeql.errors import VenueError

PAGE: Final = 1000
CANDLES: Final = 300

INTERVALS: Final = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "6h": 21_600, "1d": 86_400}


class History(CoinbaseHistory):
    """What the connector asks over REST.

    Source: docs.cdp.coinbase.com/exchange, "Get product trades", "Get product candles", "Pagination".
    """

    intervals = INTERVALS
    most_candles = CANDLES

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock, complaint)

    async def latest(self, symbol: str) -> list[Trade]:
        return await self._before(symbol, None)

    async def trades(self, symbol: str, from_id: int | None, since_us: int | None) -> AsyncIterator[list[Trade]]:
        """Pages from an id or an instant on, until the venue has no more.

        A page is the newest trades before a cursor (CB-AFTER), which is a trade id: as ids are contiguous, the page that
        begins with an id is the one before that id plus PAGE.
        """
        if from_id is None:
            from_id = await self._id_at(symbol, since_us or 0)
        while from_id is not None:
            end = from_id + PAGE
            page = [trade for trade in await self._before(symbol, end) if trade.seq >= from_id]
            if page:
                yield page
                from_id = page[-1].seq + 1
            if from_id < end:
                newest = await self.latest(symbol)
                if not newest or newest[-1].seq < (from_id if page else end):
                    return
                if not page:
                    # A whole page of ids was never used.
                    from_id = end

    async def _candles(self, symbol: str, interval: str, first_s: int, last_s: int) -> list[Candle]:
        params: dict[str, str | int] = {"start": _iso(first_s), "end": _iso(last_s)}
        params["granularity"] = self.intervals[interval]
        body = await self.rest.get(f"/products/{quote(symbol, safe='')}/candles", params)
        return self.rest.read(symbol, decode_candles, symbol, interval, body)

    async def book(self, symbol: str, depth: int | None) -> BookSnapshot:
        """All levels, or the best `depth` of each side."""
        level = 1 if depth == 1 else 2
        body = await self.rest.get(f"/products/{quote(symbol, safe='')}/book", {"level": level})
        book = self.rest.read(symbol, decode_book, symbol, body, self._clock())
        return msgspec.structs.replace(book, bids=book.bids[:depth], asks=book.asks[:depth])

    async def info(self) -> Info:
        now = self.rest.json(await self.rest.get("/time"))
        try:
            time_us = round(float(now["epoch"]) * 1_000_000)
        except (TypeError, ValueError, KeyError, OverflowError):
            raise VenueError(f"{self._title} sent a time that cannot be read") from None
        return Info(self._venue, self._title, time_us, "ok", {"requests_per_s": self._per_s})

    async def _before(self, symbol: str, trade_id: int | None) -> list[Trade]:
        """The newest PAGE of trades before an id, or of all, oldest first."""
        params: dict[str, str | int] = {"limit": PAGE}
        if trade_id is not None:
            params["after"] = trade_id
        body = await self.rest.get(f"/products/{quote(symbol, safe='')}/trades", params)
        return self.rest.read(symbol, decode_trades, symbol, body, self._clock())

    async def _id_at(self, symbol: str, since_us: int) -> int | None:
        """The id of the first trade at or after an instant; None where there is none up to now.

        Found by going back twice as far each time, and then halving.
        """
        page = await self.latest(symbol)
        if not page or page[-1].ts_us < since_us:
            return None
        # The one sought is among low..high; `page` ends with `last`.
        low, high, step, halving = 0, page[-1].seq, PAGE, False
        last = high
        while True:
            if page and page[-1].ts_us >= since_us:
                if page[0].ts_us < since_us or len(page) < PAGE:
                    return next(trade.seq for trade in page if trade.ts_us >= since_us)
                high = page[0].seq
            else:
                low, halving = last + 1, True
            if low >= high:
                return high
            last = (low + high) // 2 if halving else max(low, high - step)
            step *= 2
            page = await self._before(symbol, last + 1)


def _iso(epoch_s: int) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def complaint(status: int, body: bytes) -> str:
    """`{"message": "NotFound"}`, else the status."""
    try:
        return printable(str(json.loads(body)["message"]))
    except (ValueError, KeyError, TypeError):
        return f"HTTP {status}"
