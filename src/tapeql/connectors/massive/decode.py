"""Frames and REST rows of Massive as events: pure.

Frames are arrays of messages that name their type in `ev`. A whole array is read at once; where something in it cannot be
read, its messages are looked at one by one, and only that one is lost.

    trade_id    `2024-05-01/4.202/1234`: Massive's ids are unique within a symbol, an exchange, a trade reporting facility
                (behind the point, where there is one) and a day of New York
    seq         `q`, which rises within a symbol and a day
    ts_us       when the SIP had it, in whole milliseconds: the stream has no finer time, and history's nanoseconds are
                floored to it, so that a trade has one time whichever way it comes. `q` keeps the order within it.
    update_id   of quotes: `q` begins anew each day, so the number of the day since 1970 stands before its 36 bits
    sizes       of quotes as they come: shares since 3 November 2025, round lots before
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

import msgspec

from tapeql.connectors.events import BookSnapshot, Candle, Event, Heartbeat, Kind, Quote, Refused, Subscribed, Trade
from tapeql.connectors.frames import UNREADABLE, documents, is_code, one_by_one, plain, sound_candle
from tapeql.connectors.instants import epoch_us
from tapeql.connectors.massive.complaints import FINE, told
from tapeql.connectors.massive.conditions import letters
from tapeql.connectors.massive.subscriptions import confirmed
from tapeql.connectors.new_york import day_number, day_of

VENUE: Final = "massive"

NOT_KEPT: Final = {
    "A": "second bar",
    "AM": "minute bar",
    "LULD": "limit up and limit down",
    "NOI": "order imbalance",
    "FMV": "fair value",
}

VOID: Final = frozenset({7, 8, 10, 11, 12})
"""`correction` of trades in history that were in error (7) or cancelled (8), and of the records that say so (10, 11) or
keep what a corrected trade (1) had said before (12)."""

SEQUENCE_BITS: Final = 36
_MOST_SEQUENCE: Final = 1 << SEQUENCE_BITS
_MOST: Final = 1e300


class TradeMessage(msgspec.Struct, tag_field="ev", tag="T"):
    """`x` exchange, `i` id, `p` price, `s` whole shares, `ds` shares with their fraction, `c` conditions, `t` SIP's time,
    `q` sequence, `z` tape, `trfi` the reporting facility."""

    sym: str
    x: int
    i: str | int
    p: float
    t: int
    q: int
    s: float = 0.0
    ds: float | None = None
    c: list[int] | None = None
    z: int | None = None
    trfi: int | None = None


class QuoteMessage(msgspec.Struct, tag_field="ev", tag="Q"):
    sym: str
    t: int
    q: int
    bid: float = msgspec.field(name="bp", default=0.0)
    bid_size: float = msgspec.field(name="bs", default=0.0)
    ask: float = msgspec.field(name="ap", default=0.0)
    ask_size: float = msgspec.field(name="as", default=0.0)


class StatusMessage(msgspec.Struct, tag_field="ev", tag="status"):
    status: str = ""
    message: str = ""


Message = TradeMessage | QuoteMessage | StatusMessage


class TradeRow(msgspec.Struct):
    id: str | int
    exchange: int
    price: float
    sip_timestamp: int
    sequence_number: int
    size: float = 0.0
    decimal_size: float | None = None
    conditions: list[int] | None = None
    correction: int | None = None
    tape: int | None = None
    trf_id: int | None = None


class QuoteRow(msgspec.Struct):
    sip_timestamp: int
    sequence_number: int
    bid_price: float = 0.0
    bid_size: float = 0.0
    ask_price: float = 0.0
    ask_size: float = 0.0


class BarRow(msgspec.Struct):
    """Of the window that opened at `t`: `n` trades, `vw` their average price."""

    t: int
    o: float
    h: float
    l: float  # noqa: E741
    c: float
    v: float
    n: int | None = None
    vw: float | None = None


class TradesReply(msgspec.Struct):
    results: list[TradeRow] | None = None
    next_url: str | None = None


class QuotesReply(msgspec.Struct):
    results: list[QuoteRow] | None = None


class BarsReply(msgspec.Struct):
    results: list[BarRow] | None = None
    next_url: str | None = None


_messages: Final = msgspec.json.Decoder(list[Message], strict=False)
_trades_reply: Final = msgspec.json.Decoder(TradesReply, strict=False)
_quotes_reply: Final = msgspec.json.Decoder(QuotesReply, strict=False)
_bars_reply: Final = msgspec.json.Decoder(BarsReply, strict=False)


def decode(frame: bytes, recv_ns: int) -> list[Event]:
    """The events of one frame. Never raises: what cannot be used is an event too."""
    events: list[Event] = []
    try:
        for message in _messages.decode(frame):
            events += _events(message, recv_ns)
        return events
    except UNREADABLE:
        return one_by_one(frame, lambda document: _document(document, recv_ns))


def statuses_of(frame: bytes) -> list[tuple[str, str]]:
    """(status, message) of the status messages of a frame."""
    found: list[tuple[str, str]] = []
    with contextlib.suppress(*UNREADABLE):
        for document in documents(frame):
            if isinstance(document, dict) and document.get("ev") == "status":
                found.append((str(document.get("status")), str(document.get("message", ""))))
    return found


def decode_trades(symbol: str, body: bytes, recv_ns: int) -> tuple[list[Trade], str | None]:
    """A page of /v3/trades, in time, and the address of the next one.

    Trades taken back since are left out, and those the stream would refuse. Raises ValueError.
    """
    reply = _trades_reply.decode(body)
    events = [
        _trade(
            TradeMessage(
                sym=symbol,
                x=row.exchange,
                i=row.id,
                p=row.price,
                t=row.sip_timestamp,
                q=row.sequence_number,
                s=row.size,
                ds=row.decimal_size,
                c=row.conditions,
                z=row.tape,
                trfi=row.trf_id,
            ),
            recv_ns,
        )
        for row in reply.results or ()
        if row.correction not in VOID
    ]
    trades = sorted((e for e in events if isinstance(e, Trade)), key=lambda trade: (trade.ts_us, trade.seq))
    return trades, reply.next_url


def decode_bars(symbol: str, interval: str, body: bytes) -> tuple[list[Candle], str | None]:
    """A page of /v2/aggs, and the address of the next one. Raises ValueError."""
    reply = _bars_reply.decode(body)
    candles = []
    for row in reply.results or ():
        prices = (row.o, row.h, row.l, row.c)
        vwap = row.vw if row.vw is not None and 0.0 < row.vw < _MOST else None
        candles.append(sound_candle(Candle(VENUE, symbol, interval, epoch_us(row.t), *prices, row.v, row.n, vwap)))
    return candles, reply.next_url


def decode_book(symbol: str, body: bytes, recv_ns: int) -> BookSnapshot:
    """The first row of /v3/quotes as a book of one level a side. Raises ValueError."""
    rows = _quotes_reply.decode(body).results
    if not rows:
        raise ValueError("no quote")
    row = rows[0]
    message = QuoteMessage(
        sym=symbol,
        t=row.sip_timestamp,
        q=row.sequence_number,
        bid=row.bid_price,
        bid_size=row.bid_size,
        ask=row.ask_price,
        ask_size=row.ask_size,
    )
    quote = _quote(message, recv_ns)
    if isinstance(quote, Refused):
        raise ValueError(quote.reason)
    bids = [] if quote.bid is None else [(quote.bid, quote.bid_size or 0.0)]
    asks = [] if quote.ask is None else [(quote.ask, quote.ask_size or 0.0)]
    return BookSnapshot(VENUE, symbol, quote.update_id, quote.ts_us, recv_ns, bids, asks)


# ── one message ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _events(message: Message, recv_ns: int) -> list[Event]:
    match message:
        case TradeMessage():
            return [_trade(message, recv_ns)]
        case QuoteMessage():
            return [_quote(message, recv_ns)]
        case StatusMessage(status=status, message=text):
            return _status(status, text, recv_ns)


def _trade(m: TradeMessage, recv_ns: int) -> Trade | Refused:
    number = str(m.i)
    if not (_named(m.sym) and _named(number) and "/" not in number and 0 <= m.x < 1 << 31):
        return _refused(f"a trade named {plain(number)}")
    quantity = m.ds if m.ds is not None else m.s
    if not (0.0 < m.p < _MOST and 0.0 < quantity < _MOST and 0 <= m.q < _MOST_SEQUENCE):
        return _refused(f"trade {plain(number)} of {m.p} × {quantity}", m.sym)
    ts_us = _ts_us(m.t)
    place = f"{m.x}.{m.trfi}" if m.trfi else str(m.x)
    key = f"{day_of(ts_us)}/{place}/{number}"
    conditions = letters(m.c, m.z) if m.c else None
    return Trade(VENUE, m.sym, key, m.q, ts_us, recv_ns, m.p, quantity, None, conditions, str(m.x))


def _quote(m: QuoteMessage, recv_ns: int) -> Quote | Refused:
    if not _named(m.sym):
        return _refused("a quote of no symbol")
    figures = (m.bid, m.bid_size, m.ask, m.ask_size)
    if not (all(0.0 <= figure < _MOST for figure in figures) and 0 <= m.q < _MOST_SEQUENCE):
        return _refused(f"quote {m.bid} × {m.bid_size}, {m.ask} × {m.ask_size}", m.sym)
    ts_us = _ts_us(m.t)
    update_id = day_number(day_of(ts_us)) << SEQUENCE_BITS | m.q
    # A side of nothing is left out or sent as zeros.
    bid = (m.bid, m.bid_size) if m.bid > 0 else (None, None)
    ask = (m.ask, m.ask_size) if m.ask > 0 else (None, None)
    return Quote(VENUE, m.sym, update_id, ts_us, recv_ns, *bid, *ask)


def _status(status: str, text: str, recv_ns: int) -> list[Event]:
    if status not in FINE:
        return [Refused("error", plain(told(status, text)))]
    symbols: dict[Kind, list[str]] = {}
    for kind, symbol in confirmed(text):
        symbols.setdefault(kind, []).append(symbol)
    return [Subscribed(kind, tuple(found)) for kind, found in symbols.items()] or [Heartbeat(recv_ns)]


def _refused(reason: str, symbol: str | None = None) -> Refused:
    return Refused("value", reason[:200], symbol)


def _ts_us(t: int) -> int:
    return epoch_us(t) // 1000 * 1000


def _named(text: str) -> bool:
    return 0 < len(text) <= 64 and text.isprintable()


# ── everything else ───────────────────────────────────────────────────────────────────────────────────────────────────


def _document(document: Any, recv_ns: int) -> list[Event]:
    if not isinstance(document, dict):
        return [Refused("malformed", f"{type(document).__name__} instead of an object")]
    kind = document.get("ev")
    if kind not in ("T", "Q", "status"):
        return [Refused("unknown", NOT_KEPT.get(kind, plain(kind)) if isinstance(kind, str) else "no type")]
    try:
        return _events(msgspec.convert(document, Message, strict=False), recv_ns)
    except UNREADABLE as error:
        symbol = document.get("sym")
        reason = f"{kind}: {type(error).__name__}: {plain(str(error)[:120])}"
        return [Refused("malformed", reason, symbol if is_code(symbol) else None)]
