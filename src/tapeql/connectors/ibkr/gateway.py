"""One session with TWS or IB Gateway, by ib_async's client: requests with their answers, and what streams in packets.

ib_async's own wrapper is not used: it replaces the venue's time of a tick by that of its receipt, keeps state of
everything it sees, and asks about accounts. What stands here is what its client calls instead.
"""

# ruff: noqa: N802, N815 (the names are those the client calls)

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, TypeAlias

from ib_async.client import Client
from ib_async.contract import ContractDetails
from ib_async.decoder import Decoder
from ib_async.objects import (
    BarData,
    HistoricalTickLast,
    MktDepthData,
    TickAttribBidAsk,
    TickAttribLast,
    TickByTickAllLast,
    TickByTickBidAsk,
)

from tapeql.connectors.events import Event
from tapeql.connectors.ibkr.complaints import CLIENT_ID_TAKEN, ends_request, words
from tapeql.connectors.venue import Clock, Lost
from tapeql.errors import ConnectionFailed, VenueError

OPEN_S: Final = 10.0
ANSWER_S: Final = 60.0
"""History is slow at busy hours."""

QUIET_S: Final = 0.3
"""The rows of a book come together; after a pause like this they were all."""

_INFORMATION_FROM: Final = 2000
_CODES: Final = 100_000
FULL_PACKETS: Final = 4096
"""More unread packets than this, and the socket is not read until half of them are gone."""

# What goes wrong is told by events and errors; its own log says it a second time.
logging.getLogger("ib_async").setLevel(logging.CRITICAL)

DEPTH: Final = 12
DEPTH_OF_MAKERS: Final = 13
"""Types of messages."""

_WITH_VERSION: Final = frozenset({str(DEPTH), str(DEPTH_OF_MAKERS)})
_NUMBER_DIGITS: Final = 10


class Told(NamedTuple):
    """A message by number; see `complaints`."""

    code: int
    text: str


class Unreadable(NamedTuple):
    """A message of a stream that could not be read. With the number -1 nobody knows of which."""

    is_depth: bool
    reason: str


Said: TypeAlias = TickByTickAllLast | TickByTickBidAsk | MktDepthData | Told | Unreadable | Event


class Packet(NamedTuple):
    """What came at one time: each item with the number of the request it answers."""

    recv_ns: int
    said: list[tuple[int, Said]]


class ClientIdTaken(Lost):
    """Another program is connected under this number."""


@dataclass(slots=True)
class _Request:
    about: str
    done: asyncio.Future[None]
    found: list[Any] = field(default_factory=list)


class Reader(Decoder):
    """ib_async's decoder, which tells what it cannot read instead of logging it."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway, 0)  # type: ignore[arg-type]
        self._gateway = gateway
        self.handlers[DEPTH] = self._depth
        self.handlers[DEPTH_OF_MAKERS] = self._depth_of_makers

    def interpret(self, fields: list[str]) -> None:
        try:
            self.handlers[int(fields[0])](fields)
        except Exception as error:
            # Whatever these bytes make it do: the session goes on.
            self._gateway.unreadable(fields, f"{type(error).__name__}: {str(error)[:120]}")

    def _depth(self, fields: list[str]) -> None:
        _, _, number, position, operation, side, price, size, *_ = fields
        self._gateway.on_row(int(number), int(position), "", int(operation), int(side), float(price), float(size))

    def _depth_of_makers(self, fields: list[str]) -> None:
        _, _, number, position, maker, operation, side, price, size, *_ = fields
        self._gateway.on_row(int(number), int(position), maker, int(operation), int(side), float(price), float(size))


class Gateway:
    """A session. One task reads with `packet`, which raises Lost once it has ended; any number ask.

    Asking raises VenueError where TWS refuses, ConnectionFailed where it does not answer any more.
    """

    defaultTimezone = UTC

    def __init__(self, title: str, clock: Clock) -> None:
        self._title = title
        self._clock = clock
        self._recv_ns = 0
        self._said: list[tuple[int, Said]] = []
        self._packets: deque[Packet] = deque()
        self._arrived = asyncio.Event()
        self._paused = False
        self._requests: dict[int, _Request] = {}
        self._times: list[asyncio.Future[int]] = []
        self._refusal: Told | None = None
        self._ended = asyncio.Event()
        self._reason = ""
        # Untyped where it matters.
        self.client: Any = Client(self)  # type: ignore[no-untyped-call]
        self.client.decoder = Reader(self)

    # ── the session ───────────────────────────────────────────────────────────────────────────────────────────────────

    async def open(self, host: str, port: int, client_id: int) -> None:
        """Raises ClientIdTaken, Lost."""
        opening = asyncio.ensure_future(self.client.connectAsync(host, port, client_id, OPEN_S))
        # The client waits on, even where TWS hangs up on it.
        ending = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((opening, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            ending.cancel()
            opening.cancel()
            outcome = await asyncio.gather(opening, return_exceptions=True)
        failure = outcome[0]
        place = f"{self._title} at {host}:{port}"
        if self._refusal is not None and self._refusal.code == CLIENT_ID_TAKEN:
            self.close()
            raise ClientIdTaken(f"{place}: client id {client_id} is taken by another program")
        if isinstance(failure, BaseException):
            self.close()
            if self._refusal is not None:
                said = words(*self._refusal)
            elif isinstance(failure, asyncio.CancelledError):
                said = self._reason
            else:
                said = _why(failure)
            raise Lost(f"{place} cannot be reached: {said}") from None

    def close(self) -> None:
        # The other side may have gone first.
        with contextlib.suppress(OSError, RuntimeError):
            self.client.disconnect()
        self._end(f"the connection to {self._title} was closed")

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    async def packet(self) -> Packet:
        """The next packet; all that came are handed out before Lost is raised. Cancelling it loses nothing."""
        while not self._packets:
            if self.ended:
                raise Lost(self._reason)
            self._arrived.clear()
            await self._arrived.wait()
        packet = self._packets.popleft()
        if self._paused and len(self._packets) <= FULL_PACKETS // 2:
            self._read_socket(True)
        return packet

    def unread(self) -> list[Packet]:
        """What has come and was not handed out."""
        return list(self._packets)

    def say(self, event: Event) -> None:
        """Puts an event of ours behind what has come."""
        self._packets.append(Packet(self._clock(), [(-1, event)]))
        self._arrived.set()

    # ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def number(self) -> int:
        """A number for a request that streams."""
        with self._sending():
            return int(self.client.getReqId())

    def send(self, ask: Callable[[Any], None]) -> None:
        with self._sending():
            ask(self.client)

    async def answer(
        self,
        ask: Callable[[Any, int], None],
        cancel: Callable[[Any, int], None] | None = None,
        *,
        about: str = "",
        answer_s: float = ANSWER_S,
    ) -> list[Any]:
        """What TWS answers to a request, until it says that this was all."""
        return await self._answer(ask, cancel, about, lambda request: asyncio.wait_for(request.done, answer_s))

    async def until_quiet(
        self, ask: Callable[[Any, int], None], cancel: Callable[[Any, int], None], *, about: str, answer_s: float
    ) -> list[Any]:
        """What a stream begins with: all until it pauses."""

        async def quiet(request: _Request) -> None:
            known = 0
            while not request.found or len(request.found) > known:
                known = len(request.found)
                await asyncio.wait((request.done,), timeout=QUIET_S)
                if request.done.done():
                    # A refusal.
                    request.done.result()

        return await self._answer(ask, cancel, about, lambda request: asyncio.wait_for(quiet(request), answer_s))

    async def time_s(self) -> int:
        """The venue's time in whole seconds since 1970."""
        asked: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._times.append(asked)
        try:
            self.send(lambda client: client.reqCurrentTime())
            return await asyncio.wait_for(asked, OPEN_S)
        except TimeoutError:
            raise ConnectionFailed(f"{self._title} did not answer within {OPEN_S:.0f} s") from None
        finally:
            if asked in self._times:
                self._times.remove(asked)

    async def _answer(
        self,
        ask: Callable[[Any, int], None],
        cancel: Callable[[Any, int], None] | None,
        about: str,
        wait: Callable[[_Request], Awaitable[None]],
    ) -> list[Any]:
        number = self.number()
        request = _Request(about, asyncio.get_running_loop().create_future())
        self._requests[number] = request
        try:
            self.send(lambda client: ask(client, number))
            await wait(request)
            return request.found
        except TimeoutError:
            raise ConnectionFailed(f"{self._title} did not answer in time{about and f' about {about}'}") from None
        finally:
            del self._requests[number]
            # TWS goes on with what nobody waits for any more.
            if cancel is not None and not self.ended and not _answered(request):
                with contextlib.suppress(ConnectionFailed):
                    self.send(lambda client: cancel(client, number))

    @contextlib.contextmanager
    def _sending(self) -> Iterator[None]:
        try:
            yield
        except ConnectionError:
            raise ConnectionFailed(self._reason if self.ended else f"{self._title} is not connected") from None

    def _end(self, reason: str) -> None:
        if self.ended:
            return
        self._reason = reason
        self._ended.set()
        self._arrived.set()
        for request in self._requests.values():
            _fail(request.done, ConnectionFailed(reason))
        for asked in self._times:
            _fail(asked, ConnectionFailed(reason))

    def _read_socket(self, wanted: bool) -> None:
        """TWS waits, and in the end hangs up on, a client that does not read: better than memory without end."""
        transport = self.client.conn.transport
        if transport is None or transport.is_closing():
            return
        self._paused = not wanted
        (transport.resume_reading if wanted else transport.pause_reading)()

    # ── what the client calls ─────────────────────────────────────────────────────────────────────────────────────────

    def tcpDataArrived(self) -> None:
        self._recv_ns = self._clock()

    def tcpDataProcessed(self) -> None:
        if self._said:
            self._packets.append(Packet(self._recv_ns, self._said))
            self._said = []
            self._arrived.set()
            if not self._paused and len(self._packets) > FULL_PACKETS:
                self._read_socket(False)

    def connectAck(self) -> None:
        """Nothing waits for it."""

    def connectionClosed(self) -> None:
        """`setEventsDone` has told it, in every case."""

    def setEventsDone(self) -> None:
        self._end(f"{self._title} closed the connection")

    def error(self, number: int, code: int, text: str, _advanced: str = "") -> None:
        if not 0 <= code < _CODES:
            raise ValueError("a message of a number that cannot be")
        if not self.client.isReady():
            self._refusal = Told(code, text) if code < _INFORMATION_FROM else self._refusal
            if code == CLIENT_ID_TAKEN:
                self._end("the client id is taken")
        request = self._requests.get(number)
        if request is None:
            self._said.append((number, Told(code, text)))
        elif ends_request(code):
            about = request.about and f"{request.about}: "
            _fail(request.done, VenueError(f"{self._title}: {about}{words(code, text)}", code=str(code)))

    def unreadable(self, fields: list[str], reason: str) -> None:
        kind = fields[0][:8] if fields else ""
        is_depth = kind in _WITH_VERSION
        # Some messages have their version before the number of the request.
        text = "".join(fields[2:3] if is_depth else fields[1:2])
        number = int(text) if text.isdecimal() and len(text) <= _NUMBER_DIGITS else -1
        request = self._requests.get(number)
        if request is None:
            self._said.append((number, Unreadable(is_depth, f"{kind!a}: {reason}")))
        else:
            _fail(request.done, VenueError(f"{self._title} sent an answer about {request.about} that cannot be read"))

    def on_row(
        self, number: int, position: int, maker: str, operation: int, side: int, price: float, size: float
    ) -> None:
        row = MktDepthData(_received(self._recv_ns), position, maker, operation, side, price, size)
        request = self._requests.get(number)
        if request is None:
            self._said.append((number, row))
        else:
            request.found.append(row)

    def tickByTickAllLast(
        self,
        number: int,
        kind: int,
        second: int,
        price: float,
        size: float,
        attributes: TickAttribLast,
        exchange: str,
        conditions: str,
    ) -> None:
        tick = TickByTickAllLast(kind, _instant(second), price, size, attributes, exchange, conditions)
        self._said.append((number, tick))

    def tickByTickBidAsk(
        self,
        number: int,
        second: int,
        bid: float,
        ask: float,
        bid_size: float,
        ask_size: float,
        attributes: TickAttribBidAsk,
    ) -> None:
        self._said.append((number, TickByTickBidAsk(_instant(second), bid, ask, bid_size, ask_size, attributes)))

    def currentTime(self, second: int) -> None:
        for asked in self._times:
            if not asked.done():
                asked.set_result(second)

    def contractDetails(self, number: int, details: ContractDetails) -> None:
        self._found(number, [details])

    def contractDetailsEnd(self, number: int) -> None:
        self._found(number, (), is_all=True)

    def historicalData(self, number: int, bar: BarData) -> None:
        self._found(number, [bar])

    def historicalDataEnd(self, number: int, _start: str, _end: str) -> None:
        self._found(number, (), is_all=True)

    def historicalTicksLast(self, number: int, ticks: list[HistoricalTickLast], is_all: bool) -> None:
        self._found(number, ticks, is_all=is_all)

    def _found(self, number: int, items: Iterable[Any], *, is_all: bool = False) -> None:
        request = self._requests.get(number)
        if request is not None:
            request.found.extend(items)
            if is_all and not request.done.done():
                request.done.set_result(None)


def _answered(request: _Request) -> bool:
    return request.done.done() and not request.done.cancelled()


def _fail(future: asyncio.Future[Any], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        # Who has stopped waiting is not told.
        future.exception()


def _instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def _received(recv_ns: int) -> datetime:
    return datetime.fromtimestamp(recv_ns / 1e9, UTC)


def _why(failure: BaseException) -> str:
    if isinstance(failure, TimeoutError):
        return f"no answer within {OPEN_S:.0f} s; is the API enabled there?"
    return f"{type(failure).__name__}: {failure}"
