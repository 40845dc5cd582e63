"""Messages of TWS as text, read by ib_async's decoder and the connector's: pure, without a socket."""

from __future__ import annotations

from typing import Any, cast

from ib_async.contract import Contract
from ib_async.decoder import Decoder
from ib_async.objects import BarData

from tapeql.connectors.events import Event, Kind
from tapeql.connectors.ibkr.gateway import Gateway, Reader
from tapeql.connectors.ibkr.stream import Stream
from tapeql.connectors.ibkr.subscriptions import Line

LINES: dict[int, tuple[Kind, str]] = {1: ("trades", "AAPL"), 2: ("quotes", "AAPL"), 3: ("book", "AAPL")}
"""What the request numbers of these messages stand for."""


def frame(*messages: tuple[object, ...]) -> bytes:
    """What came at one time: a line a message, fields between bars."""
    return "\n".join("|".join(map(str, message)) for message in messages).encode()


def decode(packet: bytes, recv_ns: int) -> list[Event]:
    """The events of one packet, on lines that have just been opened."""
    gateway = Gateway("IBKR", lambda: recv_ns)
    stream = Stream(gateway, cast(Any, None), {}, 10, "")
    for number, (kind, symbol) in LINES.items():
        stream.lines[number] = Line(kind, symbol, Contract(), whole_from_s=0, told=True)
    reader = Reader(gateway)
    gateway.tcpDataArrived()
    for message in packet.decode(errors="backslashreplace").split("\n"):
        reader.interpret(message.split("|"))
    gateway.tcpDataProcessed()
    return [event for packet in gateway.unread() for event in stream.events(packet)]


class _Bars:
    """What ib_async's decoder calls for an answer with bars."""

    def __init__(self) -> None:
        self.found: list[BarData] = []

    def historicalData(self, number: int, bar: BarData) -> None:  # noqa: N802
        self.found.append(bar)

    def historicalDataEnd(self, number: int, start: str, end: str) -> None:  # noqa: N802
        """They have been counted."""


def bars(message: bytes) -> list[BarData]:
    """The bars of one answer. Raises ValueError."""
    wrapper = _Bars()
    try:
        Decoder(cast(Any, wrapper), 178).historicalData(message.decode().split("|"))
    except (StopIteration, IndexError) as error:
        raise ValueError("an answer that breaks off") from error
    return wrapper.found
