"""Lines: the requests that stream, and how they are asked for and given back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tapeql.connectors.events import Kind
from tapeql.connectors.ibkr.numbering import Numbers

if TYPE_CHECKING:
    from ib_async.contract import Contract
    from ib_async.objects import MktDepthData

    from tapeql.connectors.ibkr.gateway import Gateway

TICKS: Final[dict[Kind, str]] = {"trades": "AllLast", "quotes": "BidAsk"}

AGAIN_S: Final = 15.0
"""The same ticks of an instrument may not be asked for again sooner."""

SETTLE_S: Final = 2
"""After this a subscription has certainly begun at IBKR: from here on seconds are heard from their beginning."""


@dataclass(slots=True)
class Line:
    """One request that streams.

    whole_from_s  the first second heard from its beginning; trades of earlier ones are left to the history, which can
                  number them. None: not known yet
    told          that it is subscribed
    begins        no row of the book has come since it was asked for or emptied
    rows          those of the packet being read
    """

    kind: Kind
    symbol: str
    contract: Contract
    numbers: Numbers = field(default_factory=Numbers)
    whole_from_s: int | None = None
    told: bool = False
    begins: bool = True
    rows: list[MktDepthData] = field(default_factory=list)


def is_smart(contract: Contract) -> bool:
    """Whether its book is put together of several exchanges'."""
    return contract.exchange == "SMART"


def subscribe(gateway: Gateway, number: int, line: Line, rows: int) -> None:
    """`rows` of each side are wanted of a book. Raises Lost."""
    if line.kind == "book":
        gateway.send(lambda client: client.reqMktDepth(number, line.contract, rows, is_smart(line.contract), []))
    else:
        what = TICKS[line.kind]
        gateway.send(lambda client: client.reqTickByTickData(number, line.contract, what, 0, False))


def unsubscribe(gateway: Gateway, number: int, line: Line) -> None:
    if line.kind == "book":
        gateway.send(lambda client: client.cancelMktDepth(number, is_smart(line.contract)))
    else:
        gateway.send(lambda client: client.cancelTickByTickData(number))
