"""The Alpaca connector: one stream of one feed, and REST behind the one interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

from tapeql.connectors.alpaca import subscriptions
from tapeql.connectors.alpaca.complaints import refusal
from tapeql.connectors.alpaca.decode import decode, messages_of
from tapeql.connectors.alpaca.history import History
from tapeql.connectors.alpaca.symbols import instruments
from tapeql.connectors.book import BookSync
from tapeql.connectors.events import BookSnapshot, Candle, Event, Heartbeat, Instrument, Kind, Subscribed, Trade, Void
from tapeql.connectors.settings import Settings
from tapeql.connectors.socket import SocketConnector
from tapeql.connectors.venue import Clock, Info, Lost
from tapeql.errors import VenueError

LOGIN_S: Final = 10.0


class AlpacaConnector(SocketConnector):
    """Source: docs.alpaca.markets."""

    messages_per_s = 10.0

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._history = History(settings, clock)
        self._subscribed: set[tuple[Kind, str]] = set()

    async def disconnect(self) -> None:
        await super().disconnect()
        await self._history.close()

    # ── stream ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _url(self) -> str:
        return f"{self._settings.ws_url}/v2/{self._history.feed}"

    async def _open(self) -> Iterable[Event]:
        """Alpaca greets, wants the keys within ten seconds, and confirms them before anything may be asked for."""
        self._subscribed.clear()
        try:
            async with asyncio.timeout(LOGIN_S):
                await self._success("connected")
                key, secret = self._settings.credential("api_key"), self._settings.credential("api_secret")
                await self._send([subscriptions.login(key, secret)])
                await self._success("authenticated")
        except TimeoutError:
            raise Lost(f"{self.venue.title} did not answer our login within {LOGIN_S:.0f} s") from None
        return await super()._open()

    async def _success(self, wanted: str) -> None:
        """Reads until it is said. Raises VenueError or Lost with what is said instead."""
        while True:
            for message in messages_of(await self._frame()):
                said: dict[str, Any] = message if isinstance(message, dict) else {}
                if said.get("T") == "error":
                    code = said.get("code")
                    raise refusal(self.venue.title, code if isinstance(code, int) else None, str(said.get("msg")))
                if said.get("T") == "success" and said.get("msg") == wanted:
                    return

    def _ask(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return subscriptions.messages("subscribe", kind, symbols)

    def _drop(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        self._subscribed -= {(kind, symbol) for symbol in symbols}
        return subscriptions.messages("unsubscribe", kind, symbols)

    def _decode(self, frame: bytes, recv_ns: int) -> list[Event]:
        events = decode(frame, recv_ns)
        if len(events) <= 2 and any(isinstance(event, Subscribed) for event in events):
            # Each time the whole list is told; what is new of it is the answer to what was asked.
            return self._new(events) or [Heartbeat(recv_ns)]
        return events

    def _new(self, events: Iterable[Event]) -> list[Event]:
        kept: list[Event] = []
        for event in events:
            if isinstance(event, Subscribed):
                wanted = self._wanted[event.kind]
                new = [s for s in event.symbols if s in wanted and (event.kind, s) not in self._subscribed]
                self._subscribed.update((event.kind, symbol) for symbol in new)
                if new:
                    kept.append(Subscribed(event.kind, tuple(new)))
            else:
                kept.append(event)
        return kept

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
        """Ids here are no order: with from_id alone nothing can be found."""
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
        return instruments(await self._history.assets(), self._clock() // 1000, kind)

    async def info(self) -> Info:
        return await self._history.info()
