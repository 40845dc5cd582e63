"""A venue on loopback: accepts websockets and HTTP, lets the market go on, and sends each socket what it asked for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Protocol, Self

from aiohttp import web
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from tests.exchange import control
from tests.exchange.market import Book, Event, Ledger, Market

Message = bytes | tuple[bytes, ...]  # text of one message, or its fragments

_CHUNK_MESSAGES = 2_000
_STUCK_S = 10


class Venue(Protocol):
    """One venue's protocol. Adding a venue is one file with a class like this, and a line in `__main__.py`."""

    name: str
    ping_s: float | None
    pong_s: float | None

    def accept(self, socket: Socket, path: str) -> str | None:
        """Reads the URL of a new socket (path and query); a text refuses it with 400."""
        ...

    def opened(self, exchange: Exchange, socket: Socket) -> None:
        """The socket is open: greet it, if this venue does."""
        ...

    def receive(self, exchange: Exchange, socket: Socket, message: str | bytes) -> None:
        """A message of the client. Answers through `socket.send`, `socket.close`."""
        ...

    def messages(self, socket: Socket, number: int, event: Event) -> Iterable[bytes]:
        """What this socket is to be told of an event (its number in the ledger): usually nothing or one message."""
        ...

    def farewell(self, socket: Socket, now_us: int) -> bytes | None:
        """The notice of a shutdown to come; None where the venue has none."""
        ...

    def routes(self, exchange: Exchange) -> list[web.RouteDef]: ...


def frame(payload: bytes, opcode: int = 1, fin: bool = True) -> bytes:
    """A server's websocket frame: unmasked, so the same bytes for every client (RFC 6455, 5.2)."""
    first, size = (0x80 if fin else 0) | opcode, len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def _framed(message: Message) -> bytes:
    if isinstance(message, bytes):
        return frame(message)
    last = len(message) - 1
    return b"".join(frame(part, 1 if n == 0 else 0, n == last) for n, part in enumerate(message))


class Socket:
    """One client's connection: what it asked for, and what waits to be sent to it."""

    def __init__(self, number: int, connection: ServerConnection, waiting_limit: int) -> None:
        self.number = number
        self.streams: dict[str, None] = {}  # what it subscribed to, in order
        self.state: dict[str, Any] = {}  # the venue's own
        self.opened_s = time.monotonic()
        self.closed = False
        self._connection = connection
        self._waiting: list[Message] = []
        self._waiting_limit = waiting_limit
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, message: Message) -> None:
        """Queues a text message. A client that is too slow to take them is cut off, as venues do."""
        if self.closed:
            return
        self._waiting.append(message)
        self._idle.clear()
        self._wake.set()
        if len(self._waiting) > self._waiting_limit:
            self.abort()

    async def flushed(self) -> None:
        """Returns when all that was queued has been handed to the system, or the socket is closed."""
        await self._idle.wait()

    def abort(self) -> None:
        """Ends the TCP connection with a reset; the client sees 1006."""
        self._end()
        self._connection.transport.abort()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Sends what is queued, then a close frame."""

        async def closing() -> None:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.flushed(), 5)
            self._end()
            await self._connection.close(code, reason)

        task = asyncio.ensure_future(closing())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self) -> None:
        self.closed = True
        self._waiting.clear()
        self._idle.set()
        self._wake.set()

    async def write(self) -> None:
        """Sends until closed. Frames go to the transport in chunks: a `send` for each would be the bottleneck."""
        connection = self._connection
        plain = not connection.protocol.extensions
        try:
            while not self.closed:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting and not self.closed:
                    chunk, self._waiting = self._waiting[:_CHUNK_MESSAGES], self._waiting[_CHUNK_MESSAGES:]
                    if plain:
                        connection.transport.write(b"".join(map(_framed, chunk)))
                        await connection.drain()
                        await asyncio.sleep(0)
                    else:
                        for message in chunk:
                            whole = message if isinstance(message, bytes) else list(message)
                            await connection.send(whole, text=True)
                if not self._waiting:
                    self._idle.set()
        except (ConnectionClosed, ConnectionError):
            pass
        finally:
            self._end()


class Exchange:
    """`async with Exchange(market, Binance()) as exchange:` listens on `exchange.ws_url` and `exchange.rest_url`.

    The market stands still until `step`, `run` or `start` lets it go on; all sockets then hear of it.
    """

    def __init__(
        self,
        market: Market,
        venue: Venue,
        *,
        ws_port: int = 0,
        rest_port: int = 0,
        deflate: bool = False,
        waiting_limit: int = 1_000_000,
    ) -> None:
        self.market = market
        self.venue = venue
        self.sockets: dict[int, Socket] = {}
        self.accepted = 0
        self._ports = (ws_port, rest_port)
        self._deflate = deflate
        self._waiting_limit = waiting_limit
        self._going: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def ledger(self) -> Ledger:
        return self.market.ledger

    @property
    def now_us(self) -> int:
        return self.market.now_us

    async def __aenter__(self) -> Self:
        ws_port, rest_port = self._ports
        self._server: Server = await serve(
            self._serve_socket,
            "127.0.0.1",
            ws_port,
            process_request=self._process_request,
            compression="deflate" if self._deflate else None,
            ping_interval=self.venue.ping_s,
            ping_timeout=self.venue.pong_s,
            close_timeout=1,
            max_size=2**20,
        )
        self.ws_url = f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"
        application = web.Application(middlewares=[self._middleware])
        application.add_routes([*self.venue.routes(self), *control.routes(self)])
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", rest_port)
        await site.start()
        self.rest_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        for socket in list(self.sockets.values()):
            socket.close(1001)
        self._server.close()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._server.wait_closed(), 3)
        await self._runner.cleanup()

    def environ(self) -> dict[str, str]:
        """The environment that points a collector here."""
        name = self.venue.name.upper()
        return {f"TAPEQL_{name}_WS_URL": self.ws_url, f"TAPEQL_{name}_REST_URL": self.rest_url}

    # -- time -----------------------------------------------------------------------------------------------------

    async def step(self, events: int = 1) -> range:
        """The next events happen and are sent; returns their numbers when every socket has been given its own."""
        numbers = self.market.advance(events)
        await self._tell(numbers)
        return numbers

    async def skip(self, seconds: float) -> range:
        """So much venue time passes at once, with all that happens in it."""
        numbers = self.market.advance_to(self.now_us + round(seconds * 1e6))
        await self._tell(numbers)
        return numbers

    async def burst(self, symbol: str, trades: int) -> range:
        """So many trades as fast as the sockets take them; returns when all are handed to the system."""
        numbers = self.market.burst(symbol, trades)
        await self._tell(numbers)
        return numbers

    async def run(
        self, *, speed: float = 1.0, rate: float | None = None, seconds: float | None = None, events: int | None = None
    ) -> None:
        """Goes on by itself, at `speed` × real time, or else at `rate` events a second whatever their times.

        Ends after so many real seconds, so many events, or never. It does not wait for slow sockets.
        """
        begin_s, begin_us, done = time.monotonic(), self.now_us, 0
        while (seconds is None or time.monotonic() - begin_s < seconds) and (events is None or done < events):
            passed_s = time.monotonic() - begin_s
            at_most = 5_000 if events is None else min(5_000, events - done)
            if rate is None:
                before_us = self.now_us
                numbers = self.market.advance_to(max(begin_us + round(passed_s * speed * 1e6), before_us), at_most)
            else:
                numbers = self.market.advance(min(at_most, int(passed_s * rate) - done))
            done += len(numbers)
            self._send(numbers)
            await asyncio.sleep(0.005)

    def start(self, *, speed: float = 1.0, rate: float | None = None) -> None:
        """`run` in the background, until `stop`."""
        assert self._going is None, "it is already going"
        self._going = asyncio.ensure_future(self.run(speed=speed, rate=rate))

    async def stop(self) -> None:
        if self._going is not None:
            self._going.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._going
            self._going = None

    async def _tell(self, numbers: range) -> None:
        self._send(numbers)
        waits = [asyncio.ensure_future(socket.flushed()) for socket in self.sockets.values()]
        if waits:
            # a client that reads no more must not hold up the market for ever
            _, stuck = await asyncio.wait(waits, timeout=_STUCK_S)
            for wait in stuck:
                wait.cancel()

    def _send(self, numbers: range) -> None:
        events, sent = self.ledger.events, self.ledger.count_sent
        sockets = list(self.sockets.values())
        for number in numbers:
            event = events[number]
            for socket in sockets:
                for message in self.venue.messages(socket, number, event):
                    socket.send(message)
                    sent(number)

    # -- what clients ask -----------------------------------------------------------------------------------------

    async def snapshot(self, symbol: str) -> Book:
        """The book a REST reply shows: the live one."""
        return self.market.tapes[symbol].book()

    def later(self, delay_s: float, action: Any, *arguments: Any) -> None:
        asyncio.get_running_loop().call_later(delay_s, action, *arguments)

    async def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        socket = Socket(self.accepted, connection, self._waiting_limit)
        refusal = self.venue.accept(socket, request.path)
        if refusal is not None:
            return connection.respond(HTTPStatus.BAD_REQUEST, refusal)
        self.accepted += 1
        connection.socket_of_venue = socket  # type: ignore[attr-defined]
        return None

    async def _serve_socket(self, connection: ServerConnection) -> None:
        socket: Socket = connection.socket_of_venue  # type: ignore[attr-defined]
        self.sockets[socket.number] = socket
        writer = asyncio.ensure_future(socket.write())
        self.venue.opened(self, socket)
        try:
            async for message in connection:
                self.venue.receive(self, socket, message)
        except ConnectionClosed:
            pass
        finally:
            del self.sockets[socket.number]
            socket._end()
            await writer

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        response: web.StreamResponse = await handler(request)
        return response
