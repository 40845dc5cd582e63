"""Alpaca over REST: trades, bars and the newest quote from the data host, the clock and the assets from the trading host."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from tapeql.connectors.alpaca.decode import VENUE, decode_bars, decode_book, decode_latest, decode_trades
from tapeql.connectors.alpaca.subscriptions import feed_of
from tapeql.connectors.events import BookSnapshot, Candle, Trade
from tapeql.connectors.instants import rfc3339_us
from tapeql.connectors.new_york import candle_end_us, interval_of
from tapeql.connectors.rest import Rest
from tapeql.connectors.venue import Clock, Info, Settings
from tapeql.errors import VenueError

PAGE: Final = 10_000

DELAY_S: Final = 16 * 60.0
"""What delayed_sip does not have yet, and one minute more."""

TRADING_URL: Final = "https://paper-api.alpaca.markets"
"""The option `trading_url` names another: https://api.alpaca.markets for keys of a funded account."""

UNITS: Final = {"m": ("Min", 59), "h": ("Hour", 23), "d": ("Day", 1), "w": ("Week", 1), "mo": ("Month", 12)}
MONTHS: Final = (1, 2, 3, 4, 6, 12)


class HeaderBudget:
    """The requests left in this minute, as X-RateLimit-Remaining counts them; X-RateLimit-Reset says when it ends."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self.limit: float | None = None
        self.remaining: float | None = None
        self._clock_s = clock_s
        self._reset_s = 0.0

    def wait_s(self, cost: float) -> float:
        if self.remaining is None:
            return 0.0
        if self.remaining < cost:
            wait_s, self.remaining = self._reset_s - self._clock_s(), None
            return max(0.0, wait_s)
        self.remaining -= cost
        return 0.0

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        try:
            self.limit = float(headers["X-RateLimit-Limit"])
            self.remaining = 0.0 if status == 429 else float(headers["X-RateLimit-Remaining"])
            now_s = parsedate_to_datetime(headers["Date"]).timestamp()
            left_s = min(60.0, max(0.0, float(headers["X-RateLimit-Reset"]) - now_s))
            self._reset_s = self._clock_s() + left_s
        except (KeyError, TypeError, ValueError):
            pass


class History:
    """What the connector asks over REST. Raises VenueError, ConnectionFailed."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._title = settings.venue.title
        self.feed = feed_of(settings.options)
        self._delay_us = int(DELAY_S * 1e6) if self.feed == "delayed_sip" else 0
        headers = {
            "APCA-API-KEY-ID": settings.credential("api_key"),
            "APCA-API-SECRET-KEY": settings.credential("api_secret"),
        }
        self.budget = HeaderBudget()
        self.data = Rest(self._title, settings.rest_url, self.budget, complaint, headers=headers)
        # Who points the data host elsewhere wants no key sent to Alpaca itself.
        own = settings.rest_url == settings.venue.rest_url
        url = settings.address("trading_url", TRADING_URL if own else settings.rest_url)
        self.trading = Rest(self._title, url, HeaderBudget(), complaint, headers=headers)

    async def close(self) -> None:
        await self.data.close()
        await self.trading.close()

    async def newest(self, symbol: str) -> list[Trade]:
        """The last trade."""
        body = await self._data("trades/latest", symbol, {})
        return self.data.read(symbol, decode_latest, symbol, body, self._clock())

    async def trades(self, symbol: str, since_us: int, until_us: int | None) -> AsyncIterator[list[Trade]]:
        params: dict[str, str | int] = {"start": rfc3339(since_us), "sort": "asc", "limit": PAGE}
        end_us = _earlier(until_us, await self._known_us()) if self._delay_us else until_us
        if end_us is not None:
            if end_us <= since_us:
                return
            # Both ends are part of what is asked for, and times have nanoseconds.
            params["end"] = rfc3339(end_us - 1, "999")

        async def ask(more: Mapping[str, str]) -> tuple[list[Trade], str | None]:
            body = await self._data("trades", symbol, {**params, **more})
            return self.data.read(symbol, decode_trades, symbol, body, self._clock())

        async for page in self._pages(ask):
            yield page

    async def candles(
        self, symbol: str, interval: str, since_us: int, until_us: int | None
    ) -> AsyncIterator[list[Candle]]:
        count, unit, timeframe = self._timeframe(interval)
        known_us = await self._known_us()
        params: dict[str, str | int] = {"timeframe": timeframe, "start": rfc3339(since_us), "limit": PAGE}
        params |= {"adjustment": "raw", "sort": "asc"}
        # Where no end is given, Alpaca ends before what the account's plan does not have yet.
        end_us = _earlier(until_us, known_us) if self._delay_us else until_us
        if end_us is not None:
            if end_us <= since_us:
                return
            params["end"] = rfc3339(end_us - 1)

        async def ask(more: Mapping[str, str]) -> tuple[list[Candle], str | None]:
            body = await self._data("bars", symbol, {**params, **more})
            candles, token = self.data.read(symbol, decode_bars, symbol, interval, body)
            within = (c for c in candles if since_us <= c.ts_us and (end_us is None or c.ts_us < end_us))
            return [c for c in within if candle_end_us(c.ts_us, count, unit) <= known_us], token

        async for page in self._pages(ask):
            yield page

    async def book(self, symbol: str) -> BookSnapshot:
        body = await self._data("quotes/latest", symbol, {})
        return self.data.read(symbol, decode_book, symbol, body, self._clock())

    async def assets(self) -> list[Mapping[str, Any]]:
        """All US stocks and funds that may be traded."""
        body = await self.trading.get("/v2/assets", {"status": "active", "asset_class": "us_equity"})
        return [each for each in self.trading.json(body, list) if isinstance(each, dict)]

    async def info(self) -> Info:
        found = self.trading.json(await self.trading.get("/v2/clock"), dict)
        try:
            time_us = rfc3339_us(found["timestamp"])
            status = "open" if found["is_open"] else "closed"
        except (KeyError, TypeError, ValueError):
            raise VenueError(f"{self._title} sent a clock that cannot be read") from None
        figures = {"requests_1m": self.budget.limit, "requests_left_1m": self.budget.remaining}
        limits = {name: figure for name, figure in figures.items() if figure is not None}
        return Info(VENUE, self._title, time_us, status, limits)

    async def _data(self, what: str, symbol: str, params: Mapping[str, str | int]) -> bytes:
        feed = self.feed
        if feed == "delayed_sip" and not what.endswith("latest"):
            # History knows no delay: it is the SIPs', up to a quarter of an hour ago.
            feed = "sip"
        return await self.data.get(f"/v2/stocks/{what}", {"symbols": symbol, "feed": feed, **params})

    async def _pages(self, ask: Callable[[Mapping[str, str]], Any]) -> AsyncIterator[list[Any]]:
        more: dict[str, str] = {}
        while True:
            page, token = await ask(more)
            if page:
                yield page
            if not token:
                return
            if more.get("page_token") == token:
                raise VenueError(f"{self._title} sends the same page again and again")
            more = {"page_token": token}

    async def _known_us(self) -> int:
        """Up to when the account may know what was: the data host's present as it dates its replies, less the delay.

        The trading host has a clock, but takes the keys of one kind of account only.
        """
        await self.data.get("/v2/stocks/meta/exchanges")
        now = self.data.read("its clock", parsedate_to_datetime, self.data.headers.get("Date", ""))
        return int(now.timestamp()) * 1_000_000 - self._delay_us

    def _timeframe(self, interval: str) -> tuple[int, str, str]:
        found = interval_of(interval)
        if found is not None:
            count, unit = found
            name, most = UNITS[unit]
            if count <= most and (unit != "mo" or count in MONTHS):
                return count, unit, f"{count}{name}"
        raise VenueError(
            f"{self._title} has no candles of {interval}; it has 1m to 59m, 1h to 23h, 1d, 1w and "
            f"{', '.join(f'{n}mo' for n in MONTHS)}"
        )


def _earlier(until_us: int | None, known_us: int) -> int:
    return known_us if until_us is None else min(until_us, known_us)


def rfc3339(ts_us: int, nanoseconds: str = "") -> str:
    """`2024-05-01T12:00:00.123456Z`, with three digits of nanoseconds where they are given."""
    seconds, us = divmod(ts_us, 1_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{us:06d}{nanoseconds}Z"


def complaint(status: int, body: bytes) -> str:
    """`{"message": "invalid symbol: ???"}`, else the status."""
    try:
        said = str(msgspec.json.decode(body)["message"])[:300]
    except (ValueError, KeyError, TypeError, RecursionError):
        said = f"HTTP {status}"
    if status in (401, 403):
        said += " (the key or the secret is wrong, or the plan does not include this: TAPEQL_ALPACA_FEED=iex is free)"
    return said
