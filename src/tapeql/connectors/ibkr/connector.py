"""The IBKR connector: one session with TWS or IB Gateway behind the one interface."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from tapeql.connectors.events import KINDS, BookSnapshot, Candle, Event, Instrument, Kind, Trade, Void
from tapeql.connectors.ibkr.book import IbkrBook
from tapeql.connectors.ibkr.history import History
from tapeql.connectors.ibkr.pacing import IN_WINDOW
from tapeql.connectors.venue import Clock, Info, Lost, Settings, Venue, variable_of
from tapeql.errors import ConnectionFailed, DataError, VenueError

if TYPE_CHECKING:
    from tapeql.connectors.ibkr.gateway import Gateway
    from tapeql.connectors.ibkr.stream import Stream

CLIENT_ID: Final = 71
CLIENT_IDS: Final = 8
"""A taken client id is no reason to fail: so many are tried from the first on."""

DEPTH_ROWS: Final = 10
MESSAGES_PER_S: Final = 45.0


class IbkrConnector:
    """Options: `client_id` (the first to try), `depth_rows` (of each side of a book), `symbols` (what `symbols` lists).
    Raises DataError for options that cannot be, and where ib_async is not installed.

    `Subscribed` of trades comes a moment after the subscription, when seconds are heard from their beginning, and before
    the first trade. What was traded until then is the history's.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.venue: Venue = settings.venue
        self._settings = settings
        self._clock = clock
        if find_spec("ib_async") is None:
            raise DataError("IBKR needs the package ib_async: install tapeql[ibkr]")
        self._place = _place(settings)
        self._rows = settings.whole("depth_rows", DEPTH_ROWS)
        self._first_client_id = settings.whole("client_id", CLIENT_ID)
        self._history = History(settings.venue.title, self._reach, clock, self._rows)
        self._wanted: dict[Kind, dict[str, None]] = {kind: {} for kind in KINDS}
        self._opening = asyncio.Lock()
        self._gateway: Gateway | None = None
        self._stream: Stream | None = None

    # ── the session ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def connect(self) -> None:
        """Raises Lost where TWS cannot be reached or takes no client."""
        if self._stream is not None:
            self._stream.close()
        gateway = await self._session()
        from tapeql.connectors.ibkr.stream import Stream

        self._stream = Stream(gateway, self._history, self._wanted, self._rows, self._settings.ws_url)
        await self._stream.ask_all()

    async def disconnect(self) -> None:
        stream, self._stream = self._stream, None
        gateway, self._gateway = self._gateway, None
        if stream is not None:
            stream.close()
        if gateway is not None:
            gateway.close()
            # Transports close a turn later.
            await asyncio.sleep(0)

    async def receive(self) -> list[Event]:
        while self._stream is not None:
            if events := await self._stream.receive():
                return events
        raise Lost("not connected")

    async def _session(self) -> Gateway:
        """The open session, or a new one. Raises Lost."""
        async with self._opening:
            if self._gateway is None or self._gateway.ended:
                self._gateway = await self._open()
            return self._gateway

    async def _reach(self) -> Gateway:
        """For questions. Raises ConnectionFailed."""
        try:
            return await self._session()
        except Lost as lost:
            raise ConnectionFailed(lost.reason) from None

    async def _open(self) -> Gateway:
        from tapeql.connectors.ibkr.gateway import ClientIdTaken, Gateway

        host, port = self._place
        last = self._first_client_id + CLIENT_IDS - 1
        for client_id in range(self._first_client_id, last + 1):
            gateway = Gateway(self.venue.title, self._clock)
            try:
                await gateway.open(host, port, client_id)
            except ClientIdTaken:
                continue
            return gateway
        variable = variable_of(self.venue.name, "client_id")
        raise Lost(
            f"{self.venue.title}: client ids {self._first_client_id} to {last} are taken by other programs; set {variable}"
        )

    # ── subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def subscribe_ticks(self, symbols: Sequence[str]) -> None:
        await self._subscribe("trades", symbols)

    async def subscribe_quotes(self, symbols: Sequence[str]) -> None:
        await self._subscribe("quotes", symbols)

    async def subscribe_order_book(self, symbols: Sequence[str]) -> None:
        await self._subscribe("book", symbols)

    async def unsubscribe(self, symbols: Sequence[str], kinds: Sequence[Kind] = KINDS) -> None:
        for kind in kinds:
            for symbol in symbols:
                self._wanted[kind].pop(symbol, None)
                if self._stream is not None:
                    self._stream.drop(kind, symbol)

    async def _subscribe(self, kind: Kind, symbols: Sequence[str]) -> None:
        new = [symbol for symbol in dict.fromkeys(symbols) if symbol not in self._wanted[kind]]
        self._wanted[kind].update(dict.fromkeys(new))
        if new and self._stream is not None:
            await self._stream.ask(kind, new)

    # ── books ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def book_sync(self, symbol: str) -> IbkrBook:
        return IbkrBook(self._rows)

    async def resync_book(self, symbol: str) -> BookSnapshot | None:
        """Subscribes anew: the rows come through `receive`."""
        if self._stream is not None and symbol in self._wanted["book"]:
            self._stream.drop("book", symbol)
            await self._stream.ask("book", [symbol])
        return None

    # ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def fetch_ticks(
        self, symbol: str, *, from_id: int | None = None, since_us: int | None = None, until_us: int | None = None
    ) -> AsyncIterator[list[Trade | Void]]:
        """Trades are found by time alone: with from_id, since_us is needed too."""
        if since_us is not None:
            async for page in self._history.trades(symbol, since_us, until_us):
                yield list(page)
        elif from_id is not None:
            raise VenueError(f"{self.venue.title} numbers no trades; ask from an instant")
        elif newest := await self._history.newest(symbol):
            yield list(newest)

    def fetch_candles(
        self, symbol: str, interval: str, *, since_us: int, until_us: int | None = None
    ) -> AsyncIterator[list[Candle]]:
        return self._history.candles(symbol, interval, since_us, until_us)

    async def fetch_order_book(self, symbol: str, depth: int | None = None) -> BookSnapshot:
        """Takes one of the few market depth lines for a moment."""
        return await self._history.book(symbol, depth)

    async def symbols(self, kind: str | None = None) -> list[Instrument]:
        """Those named by the option `symbols` and those subscribed: IBKR has no list of all."""
        named = self._settings.options.get("symbols", "").replace(",", " ").split()
        codes = sorted({*named, *(symbol for wanted in self._wanted.values() for symbol in wanted)})
        if not codes:
            variable = variable_of(self.venue.name, "symbols")
            raise VenueError(f"{self.venue.title} has no list of its symbols; name some, as in {variable}=AAPL,EURUSD")
        return [each for each in await self._history.instruments(codes) if kind in (None, each.kind)]

    async def info(self) -> Info:
        gateway = await self._reach()
        cut = self._stream is not None and self._stream.outages.cut
        limits = {
            "history_requests_10m": float(self._history.pacer.used),
            "history_requests_10m_limit": float(IN_WINDOW),
            "messages_1s_limit": MESSAGES_PER_S,
        }
        status = "TWS is cut off from IBKR" if cut else "ok"
        return Info(self.venue.name, self.venue.title, await gateway.time_s() * 1_000_000, status, limits)


def _place(settings: Settings) -> tuple[str, int]:
    """tcp://127.0.0.1:4002. Raises DataError."""
    try:
        url = urlsplit(settings.ws_url)
        if url.scheme == "tcp" and url.hostname and url.port:
            return url.hostname, url.port
    except ValueError:
        pass
    variable = variable_of(settings.venue.name, "ws_url")
    raise DataError(f"{variable} must be like tcp://127.0.0.1:4002 (TWS itself listens at 7496 or 7497)")
