"""The Kraken connector: websocket v2 and REST behind the one interface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from tapeql.connectors.events import BookSnapshot, Candle, Event, Instrument, Kind, Trade, Void
from tapeql.connectors.kraken.book import KrakenBook
from tapeql.connectors.kraken.decode import decode
from tapeql.connectors.kraken.history import History
from tapeql.connectors.kraken.subscriptions import DEPTHS, messages
from tapeql.connectors.socket import SocketConnector
from tapeql.connectors.venue import Clock, Info, Settings, variable_of
from tapeql.errors import DataError

DEPTH = 100


class KrakenConnector(SocketConnector):
    """Source: docs.kraken.com. Public data needs no key."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._depth = _depth(settings)
        self._history = History(settings, clock)

    async def disconnect(self) -> None:
        await super().disconnect()
        await self._history.rest.close()

    # ── streams ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _url(self) -> str:
        return f"{self._settings.ws_url}/v2"

    def _ask(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return messages("subscribe", kind, symbols, self._depth)

    def _drop(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        return messages("unsubscribe", kind, symbols, self._depth)

    def _decode(self, frame: bytes, recv_ns: int) -> list[Event]:
        return decode(frame, recv_ns)

    # ── books ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def book_sync(self, symbol: str) -> KrakenBook:
        return KrakenBook(self._depth)

    async def resync_book(self, symbol: str) -> None:
        """Subscribes this book anew: its snapshot comes through `receive`."""
        await self._send([*self._drop("book", [symbol]), *self._ask("book", [symbol])])

    # ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def fetch_ticks(
        self, symbol: str, *, from_id: int | None = None, since_us: int | None = None, until_us: int | None = None
    ) -> AsyncIterator[list[Trade | Void]]:
        """Kraken pages by time: give since_us, the time of the trade before from_id, or it is searched for."""
        return self._history.ticks(symbol, from_id, since_us, until_us)

    def fetch_candles(
        self, symbol: str, interval: str, *, since_us: int, until_us: int | None = None
    ) -> AsyncIterator[list[Candle]]:
        """Kraken keeps 720 of each interval; older ones are made of trades, a thousand a second. None is empty."""
        return self._history.candles(symbol, interval, since_us, until_us)

    async def fetch_order_book(self, symbol: str, depth: int | None = None) -> BookSnapshot:
        return await self._history.book(symbol, depth)

    async def symbols(self, kind: str | None = None) -> list[Instrument]:
        return await self._history.symbols(kind)

    async def info(self) -> Info:
        return await self._history.info()


def _depth(settings: Settings) -> int:
    text = settings.options.get("book_depth", str(DEPTH))
    if text not in map(str, DEPTHS):
        allowed = ", ".join(map(str, DEPTHS))
        raise DataError(f"{variable_of(settings.venue.name, 'book_depth')} is {text!r}; Kraken has {allowed}")
    return int(text)
