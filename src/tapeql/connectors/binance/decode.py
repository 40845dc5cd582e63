"""Frames and REST rows of Binance as events: pure.

Combined streams wrap a payload as {"stream", "data"}; raw streams do not. The stream's name, which stands first, says
which struct to read; whatever comes in another form takes the long way, where every document is looked at.
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import msgspec

from tapeql.connectors.binance.markets import Market
from tapeql.connectors.events import (
    BookDelta,
    BookSnapshot,
    Ending,
    Event,
    Heartbeat,
    Level,
    Quote,
    Refused,
    Trade,
    Void,
)
from tapeql.connectors.frames import (
    LAST_ID,
    MOST_WORDS,
    UNREADABLE,
    is_code,
    one_by_one,
    printable,
    sound,
)
from tapeql.connectors.instants import epoch_us

Payload = TypeVar("Payload")


class Combined(msgspec.Struct, Generic[Payload]):
    stream: str
    data: Payload


class TradeMessage(msgspec.Struct):
    """`m`: the buyer was the maker, so the taker sold. Futures say in `X` whether the market made the trade."""

    s: str
    t: int
    p: float
    q: float
    T: int
    m: bool
    X: str = "MARKET"


class TickerMessage(msgspec.Struct):
    """Spot's has no time; futures' `T` is the match engine's."""

    u: int
    s: str
    b: float
    B: float
    a: float
    A: float
    T: int | None = None


class DepthMessage(msgspec.Struct):
    """`T` is the match engine's time, in futures only; `E` is when the event was made."""

    E: int
    s: str
    U: int
    u: int
    b: list[Level]
    a: list[Level]
    T: int | None = None
    pu: int | None = None


class DepthReply(msgspec.Struct):
    lastUpdateId: int  # noqa: N815
    bids: list[Level]
    asks: list[Level]
    T: int | None = None


class TradeReply(msgspec.Struct):
    id: int
    price: float
    qty: float
    time: int
    isBuyerMaker: bool  # noqa: N815


_trades: Final = msgspec.json.Decoder(Combined[TradeMessage], strict=False)
_tickers: Final = msgspec.json.Decoder(Combined[TickerMessage], strict=False)
_depths: Final = msgspec.json.Decoder(Combined[DepthMessage], strict=False)
_depth_reply: Final = msgspec.json.Decoder(DepthReply, strict=False)
_trade_replies: Final = msgspec.json.Decoder(list[TradeReply], strict=False)

_HEAD_BYTES: Final = 64
MOST_IDS: Final = 100_000
"""More ids than this between the trades of one page is an accident, not what futures leave out."""


def decode(market: Market, frame: bytes, recv_ns: int) -> list[Event]:
    """The events of one frame. Never raises: what cannot be used is an event too."""
    at = frame.find(b"@", 0, _HEAD_BYTES)
    try:
        if at > 0:
            name = frame[at + 1 : at + 6]
            if name == b"trade":
                return [_trade(market, _trades.decode(frame).data, recv_ns)]
            if name == b"bookT":
                return [_quote(market, _tickers.decode(frame).data, recv_ns)]
            if name == b"depth":
                return [_delta(market, _depths.decode(frame).data, recv_ns)]
    except UNREADABLE:
        pass
    return one_by_one(frame, lambda document: [_document(market, document, recv_ns)])


def decode_book(market: Market, symbol: str, body: bytes, recv_ns: int) -> BookSnapshot:
    """The reply to /depth. Raises ValueError."""
    reply = _depth_reply.decode(body)
    if not (sound(reply.bids) and sound(reply.asks) and 0 <= reply.lastUpdateId <= LAST_ID):
        raise ValueError("a level or an id that cannot be")
    ts_us = None if reply.T is None else epoch_us(reply.T)
    return BookSnapshot(market.venue, symbol, reply.lastUpdateId, ts_us, recv_ns, reply.bids, reply.asks)


def decode_trades(market: Market, symbol: str, body: bytes, recv_ns: int) -> list[Trade | Void]:
    """The reply to /trades and /historicalTrades, oldest first.

    Futures leave out what was no trade of the market (insurance, deleveraging): ids skipped inside a page are void.
    Raises ValueError.
    """
    rows = sorted(_trade_replies.decode(body), key=lambda row: row.id)
    if rows and rows[-1].id - rows[0].id > MOST_IDS:
        raise ValueError("ids too far from each other")
    events: list[Trade | Void] = []
    for row in rows:
        if events and row.id == events[-1].seq:
            continue
        last = events[-1].seq if events else row.id - 1
        if market.follows_previous:
            events.extend(Void(symbol, seq) for seq in range(last + 1, row.id))
        event = _trade(market, TradeMessage(symbol, row.id, row.price, row.qty, row.time, row.isBuyerMaker), recv_ns)
        if isinstance(event, Refused):
            raise ValueError(event.reason)
        events.append(event)
    return events


# ── one message ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _trade(market: Market, m: TradeMessage, recv_ns: int) -> Trade | Void | Refused:
    price, quantity = m.p, m.q
    if not (0 <= m.t <= LAST_ID and is_code(m.s)):
        return _refused(f"trade {m.t}", m.s)
    if m.X != "MARKET":
        return Void(m.s, m.t)
    if not (0.0 < price < 1e300 and 0.0 < quantity < 1e300):
        return _refused(f"trade {m.t} of {price} × {quantity}", m.s)
    side = "sell" if m.m else "buy"
    return Trade(market.venue, m.s, str(m.t), m.t, epoch_us(m.T), recv_ns, price, quantity, side)


def _quote(market: Market, m: TickerMessage, recv_ns: int) -> Quote | Refused:
    if not (sound([(m.b, m.B), (m.a, m.A)]) and 0 <= m.u <= LAST_ID and is_code(m.s)):
        return _refused(f"quote {m.u} of {m.b} × {m.B}, {m.a} × {m.A}", m.s)
    ts_us = None if m.T is None else epoch_us(m.T)
    # A side of nothing is sent as zeros.
    bid = (m.b, m.B) if m.b > 0 else (None, None)
    ask = (m.a, m.A) if m.a > 0 else (None, None)
    return Quote(market.venue, m.s, m.u, ts_us, recv_ns, *bid, *ask)


def _delta(market: Market, m: DepthMessage, recv_ns: int) -> BookDelta | Refused:
    if not (sound(m.b) and sound(m.a) and 0 <= m.U <= m.u <= LAST_ID and is_code(m.s)):
        return _refused(f"depth {m.U}..{m.u}", m.s)
    if m.pu is not None and not 0 <= m.pu <= LAST_ID:
        return _refused(f"depth {m.U}..{m.u} after {m.pu}", m.s)
    ts_us = epoch_us(m.E if m.T is None else m.T)
    return BookDelta(market.venue, m.s, m.U, m.u, m.pu, ts_us, recv_ns, m.b, m.a)


def _refused(reason: str, symbol: str) -> Refused:
    return Refused("value", reason[:MOST_WORDS], symbol if is_code(symbol) else None)


# ── everything else ───────────────────────────────────────────────────────────────────────────────────────────────────


def _document(market: Market, document: Any, recv_ns: int) -> Event:
    if not isinstance(document, dict):
        return Refused("malformed", f"{type(document).__name__} instead of an object")
    payload = document.get("data", document)
    if not isinstance(payload, dict):
        return Refused("malformed", "no payload")
    kind = payload.get("e")
    if kind is None and "u" in payload and "B" in payload:
        kind = "bookTicker"
    try:
        match kind:
            case "trade":
                return _trade(market, msgspec.convert(payload, TradeMessage, strict=False), recv_ns)
            case "bookTicker":
                return _quote(market, msgspec.convert(payload, TickerMessage, strict=False), recv_ns)
            case "depthUpdate":
                return _delta(market, msgspec.convert(payload, DepthMessage, strict=False), recv_ns)
            case "serverShutdown":
                return Ending("the venue announced a shutdown")
            case None if "result" in payload and payload["result"] is None:
                return Heartbeat(recv_ns)
            case None if "error" in payload or "code" in payload:
                complaint = payload.get("error", payload)
                words = str(complaint.get("msg") if isinstance(complaint, dict) else complaint)
                return Refused("error", printable(words))
    except UNREADABLE as error:
        symbol = payload.get("s")
        return Refused(
            "malformed" if isinstance(error, msgspec.DecodeError) else "value",
            printable(f"{kind}: {error}"),
            symbol if is_code(symbol) else None,
        )
    return Refused("unknown", printable(str(kind)))
