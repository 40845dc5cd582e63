"""What the connectors of Coinbase's two protocols do alike."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from tapeql.connectors.coinbase.book import CoinbaseBook
from tapeql.connectors.coinbase.history import CoinbaseHistory
from tapeql.connectors.coinbase.symbols import symbols
from tapeql.connectors.events import (
    BookSnapshot,
    Candle,
    Event,
    Instrument,
    Refused,
    Trade,
    Void,
)
from tapeql.connectors.socket import SocketConnector
from tapeql.connectors.venue import Clock, Info, Settings
from tapeql.errors import VenueError


class CoinbaseConnector(SocketConnector):
    """Subclasses say `_ask`, `_drop` and `_decode`, and hand what they decoded to `_heard`."""

    def __init__(self, settings: Settings, clock: Clock, history: CoinbaseHistory) -> None:
        super().__init__(settings, clock)
        self._history = history

    async def disconnect(self) -> None:
        await super().disconnect()
        await self._history.rest.close()

    @property
    def _now_s(self) -> int:
        return self._clock() // 1_000_000_000

    def _heard(self, events: list[Event]) -> list[Event]:
        """Raises VenueError where the venue does not know us."""
        events = self._newly(events)
        for event in events:
            if isinstance(event, Refused) and event.kind == "error" and "authenti" in event.reason.lower():
                raise VenueError(f"{self.venue.title} refused us: {event.reason}")
        return events

    # ── books ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def book_sync(self, symbol: str) -> CoinbaseBook:
        return CoinbaseBook()

    async def resync_book(self, symbol: str) -> BookSnapshot | None:
        """A new subscription begins with a snapshot."""
        await self._send([*self._drop("book", [symbol]), *self._ask("book", [symbol])])
        return None

    # ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def fetch_ticks(
        self, symbol: str, *, from_id: int | None = None, since_us: int | None = None, until_us: int | None = None
    ) -> AsyncIterator[list[Trade | Void]]:
        if from_id is None and since_us is None:
            newest = await self._history.latest(symbol)
            if newest:
                yield list(newest)
            return
        async for page in self._history.trades(symbol, from_id, since_us):
            within: list[Trade | Void] = [t for t in page if until_us is None or t.ts_us < until_us]
            if within:
                yield within
            if len(within) < len(page):
                return

    def fetch_candles(
        self, symbol: str, interval: str, *, since_us: int, until_us: int | None = None
    ) -> AsyncIterator[list[Candle]]:
        return self._history.candles(symbol, interval, since_us, until_us)

    async def fetch_order_book(self, symbol: str, depth: int | None = None) -> BookSnapshot:
        return await self._history.book(symbol, depth)

    async def symbols(self, kind: str | None = None) -> list[Instrument]:
        return await symbols(self._settings, self._clock() // 1000, kind)

    async def info(self) -> Info:
        return await self._history.info()

    def _credentials(self, *names: str) -> Sequence[str] | None:
        """All of them, or none. Raises DataError naming the missing one where there are some."""
        return [self._settings.credential(name) for name in names] if self._settings.credentials else None
