"""Massive over REST: trades, bars, the newest quote, tickers. Pages name the next one by an address with a cursor."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from tapeql.connectors.events import BookSnapshot, Candle, Trade
from tapeql.connectors.instants import rfc3339_us
from tapeql.connectors.massive.decode import VENUE, decode_bars, decode_book, decode_trades
from tapeql.connectors.new_york import candle_end_us, interval_of
from tapeql.connectors.rest import Rest
from tapeql.connectors.venue import Clock, Info, Settings
from tapeql.errors import VenueError

Params = Mapping[str, str | int]

PAGE: Final = 50_000
NEWEST: Final = 100
TICKERS: Final = 1000

UNADJUSTED: Final = {"adjusted": "false"}
"""Cursors of candles hold their order and number alone: this is said again with every page."""

TIMESPANS: Final = {"m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month"}

SPACING_S: Final = 12.5
"""Free plans have five requests a minute; paid ones none to count, and none of the two is told in headers."""


class Patience:
    """No limit is known until one is met: then requests keep a distance that the smallest plan allows."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._until_s = 0.0

    def wait_s(self, cost: float) -> float:
        return max(0.0, self._until_s - self._clock_s())

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        if status == 429 and "Retry-After" not in headers:
            self._until_s = self._clock_s() + SPACING_S


class History:
    """What the connector asks over REST. Raises VenueError, ConnectionFailed."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._title = settings.venue.title
        headers = {"Authorization": f"Bearer {settings.credential('api_key')}"}
        self.rest = Rest(self._title, settings.rest_url, Patience(), complaint, headers=headers)

    async def close(self) -> None:
        await self.rest.close()

    async def newest(self, symbol: str) -> list[Trade]:
        """The last trades, oldest first."""
        params: Params = {"order": "desc", "sort": "timestamp", "limit": NEWEST}
        body = await self.rest.get(_path("v3/trades", symbol), params)
        return self.rest.read(symbol, decode_trades, symbol, body, self._clock())[0]

    async def trades(self, symbol: str, since_us: int, until_us: int | None) -> AsyncIterator[list[Trade]]:
        # Our times are whole milliseconds, floored: what lies within them is asked for whole.
        params: dict[str, str | int] = {"order": "asc", "sort": "timestamp", "limit": PAGE}
        params["timestamp.gte"] = _ceil_ms(since_us) * 1_000_000
        if until_us is not None:
            params["timestamp.lt"] = _ceil_ms(until_us) * 1_000_000
        async for body in self._pages(_path("v3/trades", symbol), params):
            trades, _ = self.rest.read(symbol, decode_trades, symbol, body, self._clock())
            if trades:
                yield trades

    async def candles(
        self, symbol: str, interval: str, since_us: int, until_us: int | None
    ) -> AsyncIterator[list[Candle]]:
        found = interval_of(interval)
        if found is None:
            raise VenueError(f"{self._title} has no candles of {interval}; it has any number of m, h, d, w and mo")
        count, unit = found
        now_us = (await self.info()).time_us or 0
        end_us = now_us if until_us is None else min(until_us, now_us)
        if end_us <= since_us:
            return
        span = f"/range/{count}/{TIMESPANS[unit]}/{_ceil_ms(since_us)}/{_ceil_ms(end_us) - 1}"
        params: Params = {"sort": "asc", "limit": PAGE}
        async for body in self._pages(_path("v2/aggs/ticker", symbol), params, span, UNADJUSTED):
            candles, _ = self.rest.read(symbol, decode_bars, symbol, interval, body)
            within = (candle for candle in candles if since_us <= candle.ts_us < end_us)
            page = [candle for candle in within if candle_end_us(candle.ts_us, count, unit) <= now_us]
            if page:
                yield page

    async def book(self, symbol: str) -> BookSnapshot:
        params: Params = {"order": "desc", "sort": "timestamp", "limit": 1}
        body = await self.rest.get(_path("v3/quotes", symbol), params)
        return self.rest.read(symbol, decode_book, symbol, body, self._clock())

    async def tickers(self) -> list[Mapping[str, Any]]:
        """All stocks and funds that trade."""
        params: Params = {"market": "stocks", "active": "true", "limit": TICKERS, "sort": "ticker", "order": "asc"}
        found: list[Mapping[str, Any]] = []
        async for body in self._pages("/v3/reference/tickers", params):
            rows = self.rest.json(body, dict).get("results")
            found += [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return found

    async def info(self) -> Info:
        found = self.rest.json(await self.rest.get("/v1/marketstatus/now"), dict)
        try:
            return Info(VENUE, self._title, rfc3339_us(found["serverTime"]), str(found.get("market", "")))
        except (KeyError, TypeError, ValueError):
            raise VenueError(f"{self._title} sent a clock that cannot be read") from None

    async def _pages(
        self, root: str, params: Params, span: str = "", always: Params = MappingProxyType({})
    ) -> AsyncIterator[bytes]:
        """Bodies, as long as one names the next. `span` stands behind `root` in the first one's path, `always` goes with
        every page.

        Of the next one's address only the cursor is used and the path, in which candles move on and which must not leave
        `root`: the key stays with our host.
        """
        path, asked = f"{root}{span}", set[tuple[str, str]]()
        while True:
            body = await self.rest.get(path, {**always, **params})
            yield body
            address = self.rest.json(body, dict).get("next_url")
            if not address:
                return
            page = next_page(root, str(address))
            if page is None or page in asked:
                raise VenueError(f"{self._title} sent a next page that leads {'back' if page else f'away from {root}'}")
            asked.add(page)
            path, params = page[0], {"cursor": page[1]}


def next_page(root: str, address: str) -> tuple[str, str] | None:
    """Path and cursor of an address; None where it has no cursor, or its path is not below `root`."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    cursor = dict(parse_qsl(parts.query)).get("cursor")
    below = re.fullmatch(rf"{re.escape(unquote(root))}(/[\w-]*)*", unquote(parts.path))
    return (parts.path, cursor) if cursor and below else None


def complaint(status: int, body: bytes) -> str:
    """`{"status": "NOT_AUTHORIZED", "message": "You are not entitled to this data."}`, else the status."""
    try:
        found = msgspec.json.decode(body)
        said = str(found.get("message") or found["error"])[:300]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        said = f"HTTP {status}"
    if status == 401:
        said += " (look at TAPEQL_MASSIVE_API_KEY)"
    return said


def _path(where: str, symbol: str) -> str:
    return f"/{where}/{quote(symbol, safe='')}"


def _ceil_ms(us: int) -> int:
    return -(-us // 1000)
