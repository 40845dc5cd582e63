"""Frames and REST rows of Alpaca as events: pure.

Frames are arrays of messages that name their type in `T`. A whole array is read at once; where something in it cannot be
read, its messages are looked at one by one, and only that one is lost.

    trade_id   `2024-05-01/V/1234`: Alpaca's ids are unique within a symbol, an exchange and a day of New York
    seq        the id and then the exchange's letter, so that trades of an exchange keep their order within a microsecond
               and those of several have a fixed one
    sizes      of quotes as they come: shares since the SIPs publish shares (3 November 2025), round lots before
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import msgspec

from tapeql.connectors.alpaca.complaints import SLOW_CLIENT, told
from tapeql.connectors.events import (
    BookSnapshot,
    Candle,
    Correction,
    Event,
    Heartbeat,
    Kind,
    Quote,
    Refused,
    Reset,
    Subscribed,
    Trade,
)
from tapeql.connectors.frames import UNREADABLE, documents, is_code, one_by_one, plain, sound_candle
from tapeql.connectors.instants import rfc3339_us
from tapeql.connectors.new_york import day_of

Row = TypeVar("Row")

VENUE: Final = "alpaca"

NOT_KEPT: Final = {
    "b": "minute bar",
    "u": "updated bar",
    "d": "daily bar",
    "s": "trading status",
    "l": "limit up and limit down",
    "i": "order imbalance",
    "n": "news",
}

VOID: Final = frozenset({"canceled", "incorrect"})
"""What history says of trades that were taken back or replaced by a corrected one."""

_EXCHANGE_BITS: Final = 7
_MOST_ID: Final = 1 << 56
_MOST: Final = 1e300


class TradeRow(msgspec.Struct, kw_only=True):
    """`i` id, `x` exchange, `p` price, `s` shares, `t` time, `c` sale conditions, `u` what became of it."""

    i: int
    x: str
    p: float
    s: float
    t: str
    c: list[str] | None = None
    u: str | None = None


class TradeMessage(TradeRow, kw_only=True, tag_field="T", tag="t"):
    S: str


class QuoteRow(msgspec.Struct, kw_only=True):
    t: str
    bid: float = msgspec.field(name="bp")
    bid_size: float = msgspec.field(name="bs")
    ask: float = msgspec.field(name="ap")
    ask_size: float = msgspec.field(name="as")


class QuoteMessage(QuoteRow, kw_only=True, tag_field="T", tag="q"):
    S: str


class CorrectionMessage(msgspec.Struct, tag_field="T", tag="c"):
    """`oi` is the trade that was wrong; `ci`, `cp`, `cs`, `cc` the one that takes its place."""

    S: str
    x: str
    oi: int
    ci: int
    cp: float
    cs: float
    t: str
    cc: list[str] | None = None


class CancelMessage(msgspec.Struct, tag_field="T", tag="x"):
    S: str
    i: int
    x: str
    t: str


class Success(msgspec.Struct, tag_field="T", tag="success"):
    msg: str = ""


class Subscription(msgspec.Struct, tag_field="T", tag="subscription"):
    """All that this connection is subscribed to."""

    trades: list[str] = []
    quotes: list[str] = []


class Complaint(msgspec.Struct, tag_field="T", tag="error"):
    code: int | None = None
    msg: str = ""


Message = TradeMessage | QuoteMessage | CorrectionMessage | CancelMessage | Success | Subscription | Complaint


class BarRow(msgspec.Struct):
    """Of [t, the next bar's t): `n` trades, `vw` their average price."""

    t: str
    o: float
    h: float
    l: float  # noqa: E741
    c: float
    v: float
    n: int | None = None
    vw: float | None = None


class TradesReply(msgspec.Struct):
    trades: dict[str, list[TradeRow] | None] | None = None
    next_page_token: str | None = None


class BarsReply(msgspec.Struct):
    bars: dict[str, list[BarRow] | None] | None = None
    next_page_token: str | None = None


class LatestReply(msgspec.Struct):
    trades: dict[str, TradeRow | None] | None = None


class QuotesReply(msgspec.Struct):
    quotes: dict[str, QuoteRow | None] | None = None


_messages: Final = msgspec.json.Decoder(list[Message], strict=False)
_trades_reply: Final = msgspec.json.Decoder(TradesReply, strict=False)
_latest_reply: Final = msgspec.json.Decoder(LatestReply, strict=False)
_bars_reply: Final = msgspec.json.Decoder(BarsReply, strict=False)
_quotes_reply: Final = msgspec.json.Decoder(QuotesReply, strict=False)


def decode(frame: bytes, recv_ns: int) -> list[Event]:
    """The events of one frame. Never raises: what cannot be used is an event too."""
    events: list[Event] = []
    try:
        for message in _messages.decode(frame):
            events += _events(message, recv_ns)
        return events
    except UNREADABLE:
        return one_by_one(frame, lambda document: _document(document, recv_ns))


def messages_of(frame: bytes) -> list[Any]:
    """The documents of a frame as they are, as many as can be read."""
    found: list[Any] = []
    with contextlib.suppress(*UNREADABLE):
        found.extend(documents(frame))
    return found


def decode_trades(symbol: str, body: bytes, recv_ns: int) -> tuple[list[Trade], str | None]:
    """A page of /v2/stocks/trades, in time, and what asks for the next one.

    Trades taken back since are left out, and those the stream would refuse. Raises ValueError.
    """
    reply = _trades_reply.decode(body)
    return _trades(symbol, _of(symbol, reply.trades), recv_ns), reply.next_page_token


def decode_latest(symbol: str, body: bytes, recv_ns: int) -> list[Trade]:
    """/v2/stocks/trades/latest: one trade, if there ever was one. Raises ValueError."""
    row = (_latest_reply.decode(body).trades or {}).get(symbol)
    return [] if row is None else _trades(symbol, [row], recv_ns)


def decode_bars(symbol: str, interval: str, body: bytes) -> tuple[list[Candle], str | None]:
    """A page of /v2/stocks/bars, and what asks for the next one. Raises ValueError."""
    reply = _bars_reply.decode(body)
    candles = []
    for row in _of(symbol, reply.bars):
        prices = (row.o, row.h, row.l, row.c)
        vwap = row.vw if row.vw is not None and 0.0 < row.vw < _MOST else None
        candles.append(sound_candle(Candle(VENUE, symbol, interval, rfc3339_us(row.t), *prices, row.v, row.n, vwap)))
    return candles, reply.next_page_token


def decode_book(symbol: str, body: bytes, recv_ns: int) -> BookSnapshot:
    """/v2/stocks/quotes/latest as a book of one level a side. Raises ValueError."""
    row = (_quotes_reply.decode(body).quotes or {}).get(symbol)
    if row is None:
        raise ValueError("no quote")
    quote = _quote(symbol, row, recv_ns)
    if isinstance(quote, Refused):
        raise ValueError(quote.reason)
    bids = [] if quote.bid is None else [(quote.bid, quote.bid_size or 0.0)]
    asks = [] if quote.ask is None else [(quote.ask, quote.ask_size or 0.0)]
    return BookSnapshot(VENUE, symbol, None, quote.ts_us, recv_ns, bids, asks)


def _trades(symbol: str, rows: Iterable[TradeRow], recv_ns: int) -> list[Trade]:
    events = [_trade(symbol, row, recv_ns) for row in rows if row.u not in VOID]
    return sorted((e for e in events if isinstance(e, Trade)), key=lambda trade: (trade.ts_us, trade.seq))


def _of(symbol: str, rows: dict[str, list[Row] | None] | None) -> list[Row]:
    return (rows or {}).get(symbol) or []


# ── one message ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _events(message: Message, recv_ns: int) -> list[Event]:
    match message:
        case TradeMessage():
            return [_trade(message.S, message, recv_ns)]
        case QuoteMessage():
            return [_quote(message.S, message, recv_ns)]
        case CorrectionMessage():
            return _correction(message, recv_ns)
        case CancelMessage():
            return [_cancel(message.S, message.x, message.i, message.t, recv_ns)]
        case Subscription(trades=trades, quotes=quotes):
            both: tuple[tuple[Kind, list[str]], ...] = (("trades", trades), ("quotes", quotes))
            named = [(kind, tuple(filter(_name, found))) for kind, found in both]
            return [Subscribed(kind, found) for kind, found in named if found] or [Heartbeat(recv_ns)]
        case Complaint(code=code, msg=msg):
            refused = Refused("error", plain(told(code, msg)))
            # Begun anew, what was missed is an outage like any.
            return [refused, Reset(refused.reason)] if code == SLOW_CLIENT else [refused]
        case Success():
            return [Heartbeat(recv_ns)]


def _trade(symbol: str, row: TradeRow, recv_ns: int) -> Trade | Refused:
    if not (_named(symbol, row.x, row.i) and _told(row.c)):
        return _refused(f"trade {row.i} of exchange {plain(row.x)}")
    if not (0.0 < row.p < _MOST and 0.0 < row.s < _MOST):
        return _refused(f"trade {row.i} of {row.p} × {row.s}", symbol)
    ts_us = rfc3339_us(row.t)
    key = _trade_id(ts_us, row.x, row.i)
    seq = row.i << _EXCHANGE_BITS | ord(row.x)
    return Trade(VENUE, symbol, key, seq, ts_us, recv_ns, row.p, row.s, None, _conditions(row.c), row.x)


def _quote(symbol: str, row: QuoteRow, recv_ns: int) -> Quote | Refused:
    if not _name(symbol):
        return _refused("a quote of no symbol")
    figures = (row.bid, row.bid_size, row.ask, row.ask_size)
    if not all(0.0 <= figure < _MOST for figure in figures):
        return _refused(f"quote {row.bid} × {row.bid_size}, {row.ask} × {row.ask_size}", symbol)
    # A side of nothing is sent as zeros.
    bid = (row.bid, row.bid_size) if row.bid > 0 else (None, None)
    ask = (row.ask, row.ask_size) if row.ask > 0 else (None, None)
    return Quote(VENUE, symbol, None, rfc3339_us(row.t), recv_ns, *bid, *ask)


def _correction(m: CorrectionMessage, recv_ns: int) -> list[Event]:
    """The wrong trade is taken back, and the corrected one is a trade of its own: Alpaca gives it an id, history holds it
    under that id, and a later correction names it."""
    cancel = _cancel(m.S, m.x, m.oi, m.t, recv_ns)
    row = TradeRow(i=m.ci, x=m.x, p=m.cp, s=m.cs, t=m.t, c=m.cc)
    return [cancel, _trade(m.S, row, recv_ns)]


def _cancel(symbol: str, exchange: str, number: int, at: str, recv_ns: int) -> Correction | Refused:
    if not _named(symbol, exchange, number):
        return _refused(f"cancel of trade {number} of exchange {plain(exchange)}")
    ts_us = rfc3339_us(at)
    # Trades are taken back on their own day.
    return Correction(VENUE, symbol, _trade_id(ts_us, exchange, number), "cancel", ts_us, recv_ns)


def _refused(reason: str, symbol: str | None = None) -> Refused:
    # A number may have thousands of digits.
    return Refused("value", reason[:200], symbol)


def _trade_id(ts_us: int, exchange: str, number: int) -> str:
    return f"{day_of(ts_us)}/{exchange}/{number}"


def _name(symbol: str) -> bool:
    return 0 < len(symbol) <= 64 and symbol.isprintable()


def _named(symbol: str, exchange: str, number: int) -> bool:
    exchange_is_letter = len(exchange) == 1 and exchange.isascii() and exchange.isalnum()
    return exchange_is_letter and _name(symbol) and 0 <= number < _MOST_ID


def _told(conditions: Iterable[str] | None) -> bool:
    return conditions is None or all(code.isprintable() for code in conditions)


def _conditions(codes: list[str] | None) -> str | None:
    return ",".join(codes) if codes else None


# ── everything else ───────────────────────────────────────────────────────────────────────────────────────────────────


def _document(document: Any, recv_ns: int) -> list[Event]:
    if not isinstance(document, dict):
        return [Refused("malformed", f"{type(document).__name__} instead of an object")]
    kind = document.get("T")
    if kind not in _KNOWN:
        return [Refused("unknown", NOT_KEPT.get(kind, plain(str(kind)[:40])) if isinstance(kind, str) else "no type")]
    try:
        return _events(msgspec.convert(document, Message, strict=False), recv_ns)
    except UNREADABLE as error:
        symbol = document.get("S")
        reason = f"{kind}: {type(error).__name__}: {plain(str(error)[:120])}"
        return [Refused("malformed", reason, symbol if is_code(symbol) else None)]


_KNOWN: Final = ("t", "q", "c", "x", "success", "subscription", "error")
