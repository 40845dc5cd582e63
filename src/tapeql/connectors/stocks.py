"""A connector to a data service of US stocks: a login, trades found by their time, and no books."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final, Protocol

from tapeql.connectors.book import BookSync
from tapeql.connectors.events import BookSnapshot, Candle, Event, Trade, Void
from tapeql.connectors.socket import SocketConnector
from tapeql.connectors.venue import Clock, Info, Lost, Settings
from tapeql.errors import VenueError

LOGIN_S: Final = 10.0


class StockHistory(Protocol):
    """What such a service's REST side answers."""

    async def newest(self, symbol: str) -> list[Trade]: ...

    def trades(self, symbol: str, since_us: int, until_us: int | None) -> AsyncIterator[list[Trade]]: ...

    def candles(
        self, symbol: str, interval: str, since_us: int, until_us: int | None
    ) -> AsyncIterator[list[Candle]]: ...

    async def book(self, symbol: str) -> BookSnapshot: ...

    async def info(self) -> Info: ...

    async def close(self) -> None: ...


class StockConnector(SocketConnector):
    """Subclasses say, beside what any stream does: `_login` and `symbols`."""

    messages_per_s = 10.0

    def __init__(self, settings: Settings, clock: Clock, history: StockHistory) -> None:
        super().__init__(settings, clock)
        self._history = history

    async def disconnect(self) -> None:
        await super().disconnect()
        await self._history.close()

    async def _login(self) -> None:
        """Raises VenueError or Lost with what is said instead of a welcome."""
        raise NotImplementedError

    async def _open(self) -> Iterable[Event]:
        """Nothing may be asked for before the login is confirmed."""
        try:
            async with asyncio.timeout(LOGIN_S):
                await self._login()
        except TimeoutError:
            raise Lost(f"{self.venue.title} did not answer our login within {LOGIN_S:.0f} s") from None
        return await super()._open()

    # ── books ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def subscribe_order_book(self, symbols: Sequence[str]) -> None:
        raise self._no_book()

    def book_sync(self, symbol: str) -> BookSync:
        raise self._no_book()

    async def resync_book(self, symbol: str) -> BookSnapshot | None:
        raise self._no_book()

    def _no_book(self) -> VenueError:
        return VenueError(f"{self.venue.title} has no order books of stocks; it has trades and quotes")

    # ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def fetch_ticks(
        self, symbol: str, *, from_id: int | None = None, since_us: int | None = None, until_us: int | None = None
    ) -> AsyncIterator[list[Trade | Void]]:
        """Ids are no order over days: with from_id alone nothing can be found."""
        if since_us is not None:
            async for page in self._history.trades(symbol, since_us, until_us):
                yield [*page]
        elif from_id is not None:
            raise VenueError(f"{self.venue.title} finds trades by time, not by id")
        elif newest := await self._history.newest(symbol):
            yield [*newest]

    def fetch_candles(
        self, symbol: str, interval: str, *, since_us: int, until_us: int | None = None
    ) -> AsyncIterator[list[Candle]]:
        """Unadjusted. Intervals without a trade have none."""
        return self._history.candles(symbol, interval, since_us, until_us)

    async def fetch_order_book(self, symbol: str, depth: int | None = None) -> BookSnapshot:
        """The newest quote: one level a side is all there is."""
        return await self._history.book(symbol)

    async def info(self) -> Info:
        return await self._history.info()
