"""Frames and REST replies of Coinbase Exchange as events: pure.

The type, which stands first, says which struct to read; whatever comes in another form takes the long way, where every
document is looked at. `last_match` repeats an old trade and is none of the feed: it tells the last id, as heartbeats do.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tapeql.connectors.coinbase.candles import CandleRow, candles_of
from tapeql.connectors.coinbase.exchange.subscriptions import KINDS_OF
from tapeql.connectors.coinbase.fields import Number, TradeMessage, best_of, lost, refused, sorted_levels, trade_of
from tapeql.connectors.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Heartbeat,
    Level,
    Quote,
    Refused,
    Subscribed,
    Trade,
)
from tapeql.connectors.frames import LAST_ID, UNREADABLE, is_code, one_by_one, printable, sound
from tapeql.connectors.instants import rfc3339_us

VENUE: Final = "coinbaseexchange"


class TickerMessage(msgspec.Struct):
    """Sent with trades. `sequence` is the match engine's for the product; there was no trade yet where it is missing."""

    product_id: str
    best_bid: Number = ""
    best_ask: Number = ""
    best_bid_size: Number = ""
    best_ask_size: Number = ""
    sequence: int | None = None
    time: str | None = None


class UpdateMessage(msgspec.Struct):
    """`changes` are ["buy" | "sell", price, size]."""

    product_id: str
    changes: list[tuple[str, float, float]]
    time: str


class SnapshotMessage(msgspec.Struct):
    product_id: str
    bids: list[Level]
    asks: list[Level]
    time: str | None = None


class HeartbeatMessage(msgspec.Struct):
    product_id: str
    last_trade_id: int
    time: str


class BookReply(msgspec.Struct):
    """Levels are [price, size, how many orders]."""

    bids: list[tuple[float, float, Any]]
    asks: list[tuple[float, float, Any]]
    time: str | None = None


class CandleArray(CandleRow, array_like=True):
    """[start, low, high, open, close, volume]"""


_matches: Final = msgspec.json.Decoder(TradeMessage, strict=False)
_tickers: Final = msgspec.json.Decoder(TickerMessage, strict=False)
_updates: Final = msgspec.json.Decoder(UpdateMessage, strict=False)
_snapshots: Final = msgspec.json.Decoder(SnapshotMessage, strict=False)
_trades_reply: Final = msgspec.json.Decoder(list[TradeMessage], strict=False)
_book_reply: Final = msgspec.json.Decoder(BookReply, strict=False)
_candles_reply: Final = msgspec.json.Decoder(list[CandleArray], strict=False)

_HEAD_BYTES: Final = 24


def decode(frame: bytes, recv_ns: int) -> list[Event]:
    """The events of one frame. Never raises: what cannot be used is an event too."""
    head = frame[:_HEAD_BYTES]
    try:
        if b'"l2update"' in head:
            return _delta(_updates.decode(frame), recv_ns)
        if b'"match"' in head:
            match = _matches.decode(frame)
            return [trade_of(VENUE, match.product_id, match, recv_ns)]
        if b'"ticker"' in head:
            return [_quote(_tickers.decode(frame), recv_ns)]
        if b'"snapshot"' in head:
            return _snapshot(_snapshots.decode(frame), recv_ns)
    except UNREADABLE:
        pass
    return one_by_one(frame, lambda document: _document(document, recv_ns))


def decode_trades(symbol: str, body: bytes, recv_ns: int) -> list[Trade]:
    """The reply to /trades, oldest first. Raises ValueError."""
    trades = []
    for row in sorted(_trades_reply.decode(body), key=lambda row: row.trade_id):
        trade = trade_of(VENUE, symbol, row, recv_ns)
        if isinstance(trade, Refused):
            raise ValueError(trade.reason)
        trades.append(trade)
    return trades


def decode_book(symbol: str, body: bytes, recv_ns: int) -> BookSnapshot:
    """The reply to /book. Its `sequence` is the match engine's, which level2 does not tell: it is left out.

    Raises ValueError.
    """
    reply = _book_reply.decode(body)
    bids = sorted_levels(((price, size) for price, size, _ in reply.bids), falling=True)
    asks = sorted_levels(((price, size) for price, size, _ in reply.asks), falling=False)
    if not (sound(bids) and sound(asks)):
        raise ValueError("a level that is no number")
    return BookSnapshot(VENUE, symbol, None, _instant(reply.time), recv_ns, bids, asks)


def decode_candles(symbol: str, interval: str, body: bytes) -> list[Candle]:
    """The reply to /candles, oldest first. Raises ValueError."""
    return candles_of(VENUE, symbol, interval, _candles_reply.decode(body))


# ── one message ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _quote(m: TickerMessage, recv_ns: int) -> Quote | Refused:
    if not (is_code(m.product_id) and 0 <= (m.sequence or 0) <= LAST_ID):
        return refused(f"ticker {m.sequence}", m.product_id)
    try:
        bid, ask = best_of(m.best_bid, m.best_bid_size), best_of(m.best_ask, m.best_ask_size)
        return Quote(VENUE, m.product_id, m.sequence, _instant(m.time), recv_ns, *bid, *ask)
    except (ValueError, OverflowError) as error:
        return refused(f"ticker: {error}", m.product_id)


def _delta(m: UpdateMessage, recv_ns: int) -> list[Event]:
    bids: list[Level] = []
    asks: list[Level] = []
    for side, price, size in m.changes:
        if side == "buy":
            bids.append((price, size))
        elif side == "sell":
            asks.append((price, size))
        else:
            return lost(refused(f"a level on the side {side!a}", m.product_id))
    if not (sound(bids) and sound(asks) and is_code(m.product_id)):
        return lost(refused("a level that is no number", m.product_id))
    if not m.changes:
        return []
    return [BookDelta(VENUE, m.product_id, None, None, None, rfc3339_us(m.time), recv_ns, bids, asks)]


def _snapshot(m: SnapshotMessage, recv_ns: int) -> list[Event]:
    if not (sound(m.bids) and sound(m.asks) and is_code(m.product_id)):
        return lost(refused("a level that is no number", m.product_id))
    bids, asks = sorted_levels(m.bids, falling=True), sorted_levels(m.asks, falling=False)
    return [BookSnapshot(VENUE, m.product_id, None, _instant(m.time), recv_ns, bids, asks)]


def _instant(text: str | None) -> int | None:
    return rfc3339_us(text) if text else None


# ── everything else ───────────────────────────────────────────────────────────────────────────────────────────────────


def _document(document: Any, recv_ns: int) -> list[Event]:
    if not isinstance(document, dict):
        return [Refused("malformed", f"{type(document).__name__} instead of an object")]
    kind = document.get("type")
    try:
        match kind:
            case "match":
                trade = msgspec.convert(document, TradeMessage, strict=False)
                return [trade_of(VENUE, trade.product_id, trade, recv_ns)]
            case "ticker":
                return [_quote(msgspec.convert(document, TickerMessage, strict=False), recv_ns)]
            case "l2update":
                return _delta(msgspec.convert(document, UpdateMessage, strict=False), recv_ns)
            case "snapshot":
                return _snapshot(msgspec.convert(document, SnapshotMessage, strict=False), recv_ns)
            case "heartbeat":
                beat = msgspec.convert(document, HeartbeatMessage, strict=False)
                return [_alive(beat.product_id, beat.last_trade_id, rfc3339_us(beat.time), recv_ns)]
            case "last_match":
                last = msgspec.convert(document, TradeMessage, strict=False)
                return [_alive(last.product_id, last.trade_id, None, recv_ns)]
            case "subscriptions":
                return _subscribed(document)
            case "error":
                said = [str(document[name]) for name in ("message", "reason") if document.get(name)]
                return [Refused("error", printable(": ".join(said)))]
            case _:
                pass
    except UNREADABLE as error:
        symbol = document.get("product_id")
        refusal = Refused("malformed", printable(f"{kind}: {error}"), symbol if is_code(symbol) else None)
        return lost(refusal) if kind in ("l2update", "snapshot") else [refusal]
    return [Refused("unknown", printable(str(kind)))]


def _alive(symbol: str, last_trade_id: int, ts_us: int | None, recv_ns: int) -> Heartbeat | Refused:
    if not (0 <= last_trade_id <= LAST_ID and is_code(symbol)):
        return refused(f"a last trade {last_trade_id}", symbol)
    return Heartbeat(recv_ns, ts_us, symbol, last_trade_id)


def _subscribed(document: dict[str, Any]) -> list[Event]:
    """{"channels": [{"name": "matches", "product_ids": […]}, …]}: all there are, not the new ones alone."""
    events: list[Event] = []
    channels = document.get("channels")
    for channel in channels if isinstance(channels, list) else ():
        name, symbols = (channel.get("name"), channel.get("product_ids")) if isinstance(channel, dict) else (None, None)
        if isinstance(name, str) and name in KINDS_OF and isinstance(symbols, list):
            events.append(Subscribed(KINDS_OF[name], tuple(symbol for symbol in symbols if is_code(symbol))))
    return events
