"""The Massive connector: one stream of stocks, and REST behind the one interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from tapeql.connectors.book import BookSync
from tapeql.connectors.events import BookSnapshot, Candle, Event, Instrument, Kind, Trade, Void
from tapeql.connectors.massive import subscriptions
from tapeql.connectors.massive.complaints import FINE, refusal
from tapeql.connectors.massive.decode import decode, statuses_of
from tapeql.connectors.massive.history import History
from tapeql.connectors.massive.symbols import instruments
from tapeql.connectors.settings import Settings
from tapeql.connectors.socket import SocketConnector
from tapeql.connectors.venue import Clock, Info, Lost
from tapeql.errors import VenueError

LOGIN_S: Final = 10.0


class MassiveConnector(SocketConnector):
    """Source: massive.com/docs."""

    messages_per_s = 10.0

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._history = History(settings, clock)

    async def disconnect(self) -> None:
        await super().disconnect()
        await self._history.rest.close()

    # ── stream ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _url(self) -> str:
        return self._settings.ws_url

    async def _open(self) -> Iterable[Event]:
        """Massive greets, wants the key, and confirms it before anything may be asked for."""
        try:
            async with asyncio.timeout(LOGIN_S):
                await self._status("connected")
                await self._send([subscriptions.login(self._settings.credential("api_key"))])
                await self._status("auth_success")
        except TimeoutError:
            raise Lost(f"{self.venue.title} did not answer our login within {LOGIN_S:.0f} s") from None
        return await super()._open()

    async def _status(self, wanted: str) -> None:
        """Reads until it is said. Raises VenueError or Lost with what is said instead."""
        while True:
            for status, message in statuses_of(await self._frame()):
                if status not in FINE:
                    raise refusal(self.venue.title, status, message)
                if status == wanted:
                    return

    def _ask(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return subscriptions.messages("subscribe", kind, symbols)

    def _drop(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return subscriptions.messages("unsubscribe", kind, symbols)

    def _decode(self, frame: bytes, recv_ns: int) -> list[Event]:
        return decode(frame, recv_ns)

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
        """Ids begin anew each day: with from_id alone nothing can be found."""
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

    async def symbols(self, kind: str | None = None) -> list[Instrument]:
        return instruments(await self._history.tickers(), self._clock() // 1000, kind)

    async def info(self) -> Info:
        return await self._history.info()
