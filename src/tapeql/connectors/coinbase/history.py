"""What both of Coinbase's protocols answer alike over REST."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from tapeql.connectors.coinbase.allowance import Allowance
from tapeql.connectors.coinbase.candles import windows
from tapeql.connectors.events import BookSnapshot, Candle, Trade
from tapeql.connectors.rest import Complaint, Rest
from tapeql.connectors.venue import Clock, Info, Settings
from tapeql.errors import VenueError


class CoinbaseHistory:
    """Subclasses say what a protocol answers: `latest`, `trades`, `book`, `info` and `_candles`."""

    intervals: Mapping[str, int]
    """In seconds."""

    most_candles: int
    """Of one request."""

    def __init__(
        self, settings: Settings, clock: Clock, complaint: Complaint, headers: Mapping[str, str] | None = None
    ) -> None:
        self._clock = clock
        self._venue = settings.venue.name
        self._title = settings.venue.title
        allowance = Allowance(settings)
        self._per_s = allowance.per_s
        self.rest = Rest(self._title, settings.rest_url, allowance, complaint, headers=headers)

    async def latest(self, symbol: str) -> list[Trade]:
        """The newest page of trades, oldest first."""
        raise NotImplementedError

    def trades(self, symbol: str, from_id: int | None, since_us: int | None) -> AsyncIterator[list[Trade]]:
        """Pages from an id or an instant on, until the venue has no more."""
        raise NotImplementedError

    async def book(self, symbol: str, depth: int | None) -> BookSnapshot:
        """All levels, or the best `depth` of each side."""
        raise NotImplementedError

    async def info(self) -> Info:
        raise NotImplementedError

    async def _candles(self, symbol: str, interval: str, first_s: int, last_s: int) -> list[Candle]:
        """Those that open from first_s to last_s, oldest first."""
        raise NotImplementedError

    async def candles(
        self, symbol: str, interval: str, since_us: int, until_us: int | None
    ) -> AsyncIterator[list[Candle]]:
        """Stretches without trades have no candle."""
        if interval not in self.intervals:
            raise VenueError(f"{self._title} has no candles of {interval}; it has {', '.join(self.intervals)}")
        now_us = (await self.info()).time_us or 0
        for first_s, last_s in windows(since_us, until_us, now_us, self.intervals[interval], self.most_candles):
            found = await self._candles(symbol, interval, first_s, last_s)
            page = [candle for candle in found if first_s <= candle.ts_us // 1_000_000 <= last_s]
            if page:
                yield page
