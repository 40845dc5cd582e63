"""What both protocols of Coinbase write alike: trades, the best prices, levels, times."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Final

import msgspec

from tapeql.connectors.events import Event, Level, Refused, Reset, Trade
from tapeql.connectors.frames import LAST_ID, MOST_WORDS, is_code
from tapeql.connectors.instants import rfc3339_us

Number = float | str
"""A decimal, mostly as text; nothing at all is "" or left out."""


class TradeMessage(msgspec.Struct):
    """`side` is the maker's, in capitals or not."""

    trade_id: int
    price: float
    size: float
    side: str
    time: str
    product_id: str = ""


def trade_of(venue: str, symbol: str, m: TradeMessage, recv_ns: int) -> Trade | Refused:
    """Raises ValueError for a time that is none."""
    if not (0.0 < m.price < 1e300 and 0.0 < m.size < 1e300 and 0 <= m.trade_id <= LAST_ID and is_code(symbol)):
        return refused(f"trade {m.trade_id} of {m.price} × {m.size}", symbol)
    side = _TAKERS.get(m.side.lower())
    return Trade(venue, symbol, str(m.trade_id), m.trade_id, rfc3339_us(m.time), recv_ns, m.price, m.size, side)


_TAKERS: Final = {"buy": "sell", "sell": "buy"}
"""Whoever meets a resting buyer sells."""


def best_of(price: Number, size: Number) -> tuple[float | None, float | None]:
    """One side of a quote: without a price there is none. Raises ValueError for what is no number."""
    if price == "":
        return None, None
    price = float(price)
    if price == 0.0:
        return None, None
    quantity = None if size == "" else float(size)
    if not (0.0 < price < 1e300 and (quantity is None or 0.0 <= quantity < 1e300)):
        raise ValueError(f"a best price of {price} × {quantity}")
    return price, quantity


def sorted_levels(levels: Iterable[Level], *, falling: bool) -> list[Level]:
    """Those of a snapshot that are there, the best first: bids fall, asks rise."""
    return sorted((level for level in levels if level[1] > 0), key=itemgetter(0), reverse=falling)


def refused(reason: str, symbol: str | None) -> Refused:
    """A value that cannot be, of this symbol if it is one."""
    return Refused("value", reason[:MOST_WORDS], symbol if is_code(symbol) else None)


def lost(refusal: Refused) -> list[Event]:
    """An update that is not used leaves its book wrong, and no later one would show it."""
    if refusal.symbol is None:
        return [refusal]
    return [refusal, Reset("an update that was refused", "book", (refusal.symbol,))]
