"""What ib_async makes of IBKR's messages, as events: pure, and never raising."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from tapeql.connectors.events import Candle, Quote, Refused, Trade
from tapeql.connectors.frames import UNREADABLE
from tapeql.connectors.ibkr.book import BID, DELETE, OPERATIONS, Depth, Row, depth
from tapeql.connectors.ibkr.numbering import Numbers
from tapeql.connectors.ibkr.symbols import VENUE

if TYPE_CHECKING:
    from ib_async.objects import BarData, HistoricalTickLast, MktDepthData, TickByTickAllLast, TickByTickBidAsk

    PastOrPresent: TypeAlias = TickByTickAllLast | HistoricalTickLast

_UNREADABLE: Final = (*UNREADABLE, AttributeError)
_LARGEST: Final = 1e300
_MOST_ROWS: Final = 1000
_LATEST_S: Final = 9_000_000_000
"""Instants beyond have no nanoseconds in 64 bits."""


def second_of(tick: PastOrPresent | TickByTickBidAsk) -> int:
    """Seconds since 1970. Raises ValueError."""
    return _possible(int(tick.time.timestamp()))


def decode_trade(symbol: str, tick: PastOrPresent, numbers: Numbers, recv_ns: int) -> Trade | Refused:
    """A trade, numbered. Who was the aggressor is not said."""
    try:
        second = second_of(tick)
        price, size = float(tick.price), float(tick.size)
        if not (0.0 < price < _LARGEST and 0.0 < size < _LARGEST):
            return Refused("value", f"a trade of {price} × {size}", symbol)
        exchange, conditions = str(tick.exchange), str(tick.specialConditions).strip()
        if not (exchange + conditions).isprintable():
            return Refused("value", "a trade at an exchange that cannot be", symbol)
        said = f"{second}/{_digits(price)}/{_digits(size)}/{exchange}/{conditions}"
        seq, trade_id = numbers.next(second, said, reported=not tick.tickAttribLast.unreported)
    except ValueError as error:
        return Refused("value", str(error)[:120], symbol)
    except _UNREADABLE as error:
        return Refused("malformed", f"{type(error).__name__}: {str(error)[:120]}", symbol)
    # The tape's codes are letters in a row, with blanks for those that are not there.
    codes = ",".join("".join(conditions.split())) or None
    return Trade(VENUE, symbol, trade_id, seq, second * 1_000_000, recv_ns, price, size, None, codes, exchange or None)


def decode_quote(symbol: str, tick: TickByTickBidAsk, recv_ns: int) -> Quote | Refused:
    """Bid and ask after a change. A side that is not there has no price, or -1, and the size 0."""
    try:
        second = second_of(tick)
        bid, ask = float(tick.bidPrice), float(tick.askPrice)
        bid_size, ask_size = float(tick.bidSize), float(tick.askSize)
        if not (abs(bid) + abs(ask) < _LARGEST and 0 <= bid_size < _LARGEST and 0 <= ask_size < _LARGEST):
            return Refused("value", f"a quote of {bid} × {bid_size}, {ask} × {ask_size}", symbol)
    except ValueError as error:
        return Refused("value", str(error)[:120], symbol)
    except _UNREADABLE as error:
        return Refused("malformed", f"{type(error).__name__}: {str(error)[:120]}", symbol)
    best_bid = (bid, bid_size) if bid > 0 else (None, None)
    best_ask = (ask, ask_size) if ask > 0 else (None, None)
    return Quote(VENUE, symbol, None, second * 1_000_000, recv_ns, *best_bid, *best_ask)


def decode_depth(symbol: str, rows: Sequence[MktDepthData], recv_ns: int, *, begins: bool) -> list[Depth | Refused]:
    """The rows of one packet. One that cannot be makes the positions after it meaningless: the book is told so."""
    changes: list[Row] = []
    for row in rows:
        try:
            change = Row(int(row.position), int(row.operation), row.side == BID, float(row.price), float(row.size))
            if change.operation == DELETE:
                change = change._replace(price=0.0, size=0.0)
            possible = row.side in (0, BID) and 0 <= change.position <= _MOST_ROWS and change.operation in OPERATIONS
            if change.operation != DELETE:
                possible = possible and 0.0 < change.price < _LARGEST and 0.0 <= change.size < _LARGEST
        except _UNREADABLE as error:
            why = f"{type(error).__name__}: {str(error)[:120]}"
            return [Refused("malformed", why, symbol), lost_rows(symbol, recv_ns)]
        if not possible:
            return [Refused("value", f"a row of the book: {change}"[:160], symbol), lost_rows(symbol, recv_ns)]
        changes.append(change)
    return [depth(symbol, recv_ns, changes, begins=begins)]


def lost_rows(symbol: str, recv_ns: int) -> Depth:
    return depth(symbol, recv_ns, fault="a row of the book could not be used")


def decode_candle(symbol: str, interval: str, bar: BarData, zone: ZoneInfo) -> Candle:
    """A bar. Its date is in seconds since 1970, or the day alone, which begins at midnight of the contract's zone.

    Raises ValueError.
    """
    open_, high, low, close = float(bar.open), float(bar.high), float(bar.low), float(bar.close)
    volume, vwap = float(bar.volume), float(bar.average)
    if not all(0.0 < each < _LARGEST for each in (open_, high, low, close)) or not abs(volume) + abs(vwap) < _LARGEST:
        raise ValueError("a candle that cannot be")
    return Candle(
        VENUE,
        symbol,
        interval,
        bar_us(bar, zone),
        open_,
        high,
        low,
        close,
        # Midpoints of currencies have neither: -1.
        max(0.0, volume),
        bar.barCount if bar.barCount >= 0 and volume >= 0 else None,
        vwap if vwap > 0 and volume > 0 else None,
    )


def bar_us(bar: BarData, zone: ZoneInfo) -> int:
    """Raises ValueError."""
    date: Any = bar.date
    text = str(date)
    if len(text) == 8:
        day = datetime.strptime(text, "%Y%m%d").replace(tzinfo=zone)
        return _possible(int(day.timestamp())) * 1_000_000
    return _possible(int(text)) * 1_000_000


def _possible(second: int) -> int:
    if not 0 < second < _LATEST_S:
        raise ValueError("not a time")
    return second


def _digits(number: float) -> str:
    return str(int(number)) if number.is_integer() and number < 1e15 else repr(number)
