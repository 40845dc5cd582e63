"""A connector over one websocket: what all venues with websockets do alike."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from tapeql.connectors.events import KINDS, Event, Kind, Subscribed
from tapeql.connectors.frames import printable
from tapeql.connectors.venue import Clock, Lost, Settings, Venue
from tapeql.errors import VenueError

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

FRAME_BYTES: Final = 64 << 20
"""Snapshots of deep books are several MiB; more than this is an accident."""

QUEUE_FRAMES: Final = 4096
_wire: Final = logging.getLogger("tapeql.websocket")
_wire.setLevel(logging.INFO)
"""The library logs every frame at DEBUG, and logins are frames."""

OPEN_S: Final = 10.0
CLOSE_S: Final = 2.0


class SocketConnector:
    """Subclasses say what a venue says: `_url`, `_open`, `_ask`, `_drop` and `_decode`."""

    messages_per_s: float = 5.0
    """How fast the venue lets a client talk."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.venue: Venue = settings.venue
        self._settings = settings
        self._clock = clock
        self._wanted: dict[Kind, dict[str, None]] = {kind: {} for kind in KINDS}
        self._confirmed: set[tuple[Kind, str]] = set()
        self._socket: ClientConnection | None = None
        self._ready: deque[Event] = deque()
        self._sending = asyncio.Lock()

    # ── what a venue says ─────────────────────────────────────────────────────────────────────────────────────────────

    def _url(self) -> str:
        """Where to connect, given what is wanted."""
        raise NotImplementedError

    async def _open(self) -> Iterable[Event]:
        """After connecting: logs in, asks for all that is wanted; answers events to hand on first."""
        for kind, symbols in self._wanted.items():
            if symbols:
                await self._send(self._ask(kind, list(symbols)))
        return ()

    def _ask(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        """Messages that subscribe."""
        raise NotImplementedError

    def _drop(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        """Messages that unsubscribe."""
        raise NotImplementedError

    def _decode(self, frame: bytes, recv_ns: int) -> list[Event]:
        raise NotImplementedError

    # ── the connection ────────────────────────────────────────────────────────────────────────────────────────────────

    async def connect(self) -> None:
        """Raises Lost, with the venue's Retry-After where it refuses."""
        from websockets.asyncio.client import connect
        from websockets.exceptions import InvalidStatus, WebSocketException

        self._ready.clear()
        self._confirmed.clear()
        try:
            opening = connect(
                self._url(),
                max_size=FRAME_BYTES,
                max_queue=QUEUE_FRAMES,
                open_timeout=OPEN_S,
                close_timeout=CLOSE_S,
                logger=_wire,
                # The collector decides when to try again.
                process_exception=lambda error: error,
            )
            # Logins are frames: a redirection would carry them to whoever it names.
            opening.process_redirect = lambda exc: exc  # type: ignore[method-assign]
            self._socket = await opening
        except InvalidStatus as error:
            wish = error.response.headers.get("Retry-After", "")
            raise Lost(
                f"{self.venue.title} answered {error.response.status_code}",
                retry_after_s=float(wish) if wish.isdigit() else None,
            ) from None
        except (OSError, TimeoutError, WebSocketException, ValueError) as error:
            # The text of other errors may repeat the address.
            said = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
            raise Lost(f"{self.venue.title} cannot be reached: {type(error).__name__}{said}") from None
        try:
            self._ready.extend(await self._open())
        except BaseException:
            # The socket alone: it may be tried again.
            await SocketConnector.disconnect(self)
            raise

    async def disconnect(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def receive(self) -> list[Event]:
        if self._ready:
            events = list(self._ready)
            self._ready.clear()
            return events
        return self._decode(await self._frame(), self._clock())

    async def _frame(self) -> bytes:
        from websockets.exceptions import ConnectionClosed

        if self._socket is None:
            raise Lost("not connected")
        try:
            return await self._socket.recv(decode=False)
        except ConnectionClosed as error:
            # Without a close frame of the venue's, ours tells why: a ping that was not answered, a frame too big.
            told = error.rcvd or error.sent
            said = f" ({printable(told.reason)})" if told is not None and told.reason else ""
            code = error.rcvd.code if error.rcvd is not None else 1006
            raise Lost(f"closed with {code}{said}", code=code) from None

    async def _send(self, messages: Iterable[str]) -> None:
        from websockets.exceptions import ConnectionClosed

        async with self._sending:
            for message in messages:
                if self._socket is None:
                    return
                try:
                    await self._socket.send(message)
                except ConnectionClosed:
                    # `receive` tells it, with its reason.
                    return
                await asyncio.sleep(1 / self.messages_per_s)

    # ── subscriptions ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def subscribe_ticks(self, symbols: Sequence[str]) -> None:
        await self._subscribe("trades", symbols)

    async def subscribe_quotes(self, symbols: Sequence[str]) -> None:
        await self._subscribe("quotes", symbols)

    async def subscribe_order_book(self, symbols: Sequence[str]) -> None:
        await self._subscribe("book", symbols)

    async def unsubscribe(self, symbols: Sequence[str], kinds: Sequence[Kind] = KINDS) -> None:
        for kind in kinds:
            known = [symbol for symbol in symbols if self._wanted[kind].pop(symbol, self) is None]
            self._confirmed.difference_update((kind, symbol) for symbol in known)
            if known and self._socket is not None:
                await self._send(self._drop(kind, known))

    async def _subscribe(self, kind: Kind, symbols: Sequence[str]) -> None:
        if kind not in self.venue.kinds:
            raise VenueError(
                f"{self.venue.title} streams no {kind}; it streams {', '.join(self.venue.kinds) or 'nothing'}"
            )
        new = [symbol for symbol in dict.fromkeys(symbols) if symbol not in self._wanted[kind]]
        self._wanted[kind].update(dict.fromkeys(new))
        if new and self._socket is not None:
            await self._send(self._ask(kind, new))

    def _newly(self, events: list[Event]) -> list[Event]:
        """For venues that list all subscriptions each time: each is told when it is confirmed for the first time."""
        if not any(isinstance(event, Subscribed) for event in events):
            return events
        told: list[Event] = []
        for event in events:
            if not isinstance(event, Subscribed):
                told.append(event)
                continue
            kind, wanted = event.kind, self._wanted[event.kind]
            new = tuple(each for each in event.symbols if each in wanted and (kind, each) not in self._confirmed)
            self._confirmed.update((kind, each) for each in new)
            if new:
                told.append(Subscribed(kind, new))
        return told
