"""A venue on loopback: accepts websockets and HTTP, lets the market go on, and sends each socket what it asked for."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, Protocol, Self

from aiohttp import web
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.protocol import State

from tests.exchange import control
from tests.exchange.faults import (
    ClockStep,
    Cut,
    Plan,
    Refuse,
    RestError,
    RestGarbled,
    SlowSnapshot,
    StaleSnapshot,
    Wire,
    stale,
)
from tests.exchange.market import Book, Event, Injected, Ledger, Market

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

    def strange(self, socket: Socket) -> bytes:
        """A message of a type this venue does not have."""
        ...

    def refusal(self, status: int, wait_s: float) -> web.Response:
        """A request refused with 429, 418 or 5xx, in the venue's words."""
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
        self.closed = False  # takes no more messages
        self._connection = connection
        self._waiting: list[Message] = []
        self._waiting_limit = waiting_limit
        self._ending: Callable[[], Awaitable[None]] | None = None
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def send(self, message: Message) -> None:
        """Queues a text message. A client that is too slow to take them is cut off, as venues do."""
        if self.closed:
            return None
        if len(self._waiting) >= self._waiting_limit:
            self._waiting.clear()
            return self.abort()
        self._waiting.append(message)
        self._idle.clear()
        self._wake.set()
        return None

    async def flushed(self) -> None:
        """Returns when all that was queued has been handed to the system, or the socket is closed."""
        await self._idle.wait()

    def abort(self) -> None:
        """After what is queued, the TCP connection ends with a reset; the client sees 1006."""

        async def reset() -> None:
            transport = self._connection.transport
            for _ in range(200):
                if transport.get_write_buffer_size() == 0:
                    break
                await asyncio.sleep(0.005)
            raw = transport.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()

        self._end(reset)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """After what is queued, a close frame."""
        self._end(lambda: self._connection.close(code, reason))

    def gone(self) -> None:
        """The client has left."""
        self.closed = True
        self._waiting.clear()
        self._wake.set()

    def _end(self, how: Callable[[], Awaitable[None]]) -> None:
        if not self.closed:
            self.closed, self._ending = True, how
            self._wake.set()

    async def write(self) -> None:
        """Sends until closed. Frames go to the transport in chunks: a `send` for each would be the bottleneck."""
        connection = self._connection
        plain = not connection.protocol.extensions
        try:
            while self._waiting or not self.closed:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    chunk, self._waiting = self._waiting[:_CHUNK_MESSAGES], self._waiting[_CHUNK_MESSAGES:]
                    if connection.state is not State.OPEN:
                        return
                    if plain:
                        connection.transport.write(b"".join(map(_framed, chunk)))
                        await connection.drain()
                        await asyncio.sleep(0)
                    else:
                        for message in chunk:
                            await connection.send(message, text=True)
                self._idle.set()
            if self._ending is not None:
                await self._ending()
        except (ConnectionClosed, ConnectionError):
            pass
        finally:
            self.gone()
            self._idle.set()


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
        plan: Plan | None = None,
        deflate: bool = False,
        waiting_limit: int = 1_000_000,
    ) -> None:
        self.market = market
        self.venue = venue
        self.plan = plan or Plan()
        self.sockets: dict[int, Socket] = {}
        self.accepted = 0
        self._ports = (ws_port, rest_port)
        self._deflate = deflate or self.plan.deflate
        self.wires: dict[int, Wire] = {}
        self._waiting_limit = waiting_limit
        self._going: asyncio.Task[None] | None = None

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
        for fault in self.plan.faults:
            if isinstance(fault, ClockStep):
                self.market.clock_steps[fault.event] = round(fault.seconds * 1e6)
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
        self._server.close()  # closes the connections too, with 1001
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
        begin_s = last_s = time.monotonic()
        done = 0
        while (seconds is None or last_s - begin_s < seconds) and (events is None or done < events):
            now_s = time.monotonic()
            at_most = 5_000 if events is None else min(5_000, events - done)
            if rate is None:
                numbers = self.market.advance_to(self.now_us + round((now_s - last_s) * speed * 1e6), at_most)
            else:
                numbers = self.market.advance(min(at_most, int((now_s - begin_s) * rate) - done))
            last_s = now_s
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
        event_of, sent = self.ledger.event, self.ledger.count_sent
        wires, messages, faultless = list(self.wires.values()), self.venue.messages, not self.plan.active
        for number in numbers:
            event = event_of(number)
            for wire in wires:
                socket = wire.socket
                for message in messages(socket, number, event):
                    if not faultless:
                        wire.push(number, event, message)
                    elif not socket.closed:
                        socket.send(message)
                        sent(number)
        self.ledger.trim()

    async def quiesce(self) -> range:
        """Ends all faults and sends what they hold back; then every symbol trades and moves its book once more, so
        that whoever counts ids can see what it lacks. Returns the numbers of those last events."""
        self.plan.active = False
        for wire in self.wires.values():
            wire.release()
        first = self.ledger.end
        await self._tell(self.market.last_words())
        return range(first, self.ledger.end)

    # -- what clients ask -----------------------------------------------------------------------------------------

    async def snapshot(self, symbol: str) -> Book:
        """The book a REST reply shows: the live one, unless a fault has it stale or late."""
        book = self.market.tapes[symbol].book()
        if isinstance(fault := self.plan.struck(StaleSnapshot), StaleSnapshot):
            book = stale(book, self, symbol, fault)
            self._record("StaleSnapshot", f"{symbol} at {book.update_id}")
        if isinstance(fault := self.plan.struck(SlowSnapshot), SlowSnapshot):
            self._record("SlowSnapshot", f"{symbol} {fault.seconds} s")
            await asyncio.sleep(fault.seconds)
        return book

    def _record(self, fault: str, note: str, socket: int | None = None) -> None:
        self.ledger.injected.append(Injected(fault, socket, note=note))

    def later(self, delay_s: float, action: Any, *arguments: Any) -> None:
        asyncio.get_running_loop().call_later(delay_s, action, *arguments)

    async def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        if isinstance(fault := self.plan.struck(Refuse), Refuse):
            self._record("Refuse", str(fault.status))
            return connection.respond(HTTPStatus(fault.status), "refused\n")
        socket = Socket(self.accepted, connection, self._waiting_limit)
        refusal = self.venue.accept(socket, request.path)
        if refusal is not None:
            return connection.respond(HTTPStatus.BAD_REQUEST, refusal)
        self.accepted += 1
        connection.exchange_socket = socket  # type: ignore[attr-defined]
        return None

    async def _serve_socket(self, connection: ServerConnection) -> None:
        socket: Socket = connection.exchange_socket  # type: ignore[attr-defined]
        wire = Wire(self, self.plan, socket)
        self.sockets[socket.number], self.wires[socket.number] = socket, wire
        writer = asyncio.ensure_future(socket.write())
        if isinstance(fault := self.plan.struck(Cut), Cut):
            self.later(fault.seconds, self._cut, socket)
        self.venue.opened(self, socket)
        try:
            async for message in connection:
                self.venue.receive(self, socket, message)
        except ConnectionClosed:
            pass
        finally:
            del self.sockets[socket.number], self.wires[socket.number]
            wire.end()
            socket.gone()
            await writer

    def _cut(self, socket: Socket) -> None:
        if self.plan.active and not socket.closed:
            self._record("Cut", "", socket.number)
            socket.close(1000)

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.path.startswith("/control/"):
            answer: web.StreamResponse = await handler(request)
            return answer
        if isinstance(fault := self.plan.struck(RestError), RestError):
            self._record("RestError", f"{fault.status} {request.path_qs}")
            return self.venue.refusal(fault.status, fault.retry_after_s)
        answer = await handler(request)
        if self.plan.struck(RestGarbled) is not None and isinstance(answer, web.Response):
            self._record("RestGarbled", request.path_qs)
            whole = answer.body if isinstance(answer.body, bytes) else b""
            answer.body = whole[: len(whole) // 2]
        return answer
