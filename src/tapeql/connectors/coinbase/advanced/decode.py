"""Frames and REST replies of Advanced Trade as events: pure.

An envelope {"channel", "timestamp", "sequence_num", "events": […]}. The channel, which stands first, says which struct to
read; whatever comes in another form takes the long way, where every document and every part of it is looked at.
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

import msgspec

from tapeql.connectors.coinbase.advanced.subscriptions import KINDS_OF
from tapeql.connectors.coinbase.candles import CandleRow, candles_of
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
from tapeql.connectors.frames import UNREADABLE, documents, is_code, printable, shown, sound
from tapeql.connectors.instants import rfc3339_us

Item = TypeVar("Item")

VENUE: Final = "coinbase"

Message = tuple[int | None, list[Event]]
"""A message's sequence_num and its events."""


class Envelope(msgspec.Struct, Generic[Item]):
    events: list[Item]
    timestamp: str
    sequence_num: int | None = None


class TradesItem(msgspec.Struct):
    """The snapshot at the beginning repeats the last trades; it needs no telling apart."""

    trades: list[TradeMessage]


class TickerMessage(msgspec.Struct):
    product_id: str
    best_bid: Number = ""
    best_bid_quantity: Number = ""
    best_ask: Number = ""
    best_ask_quantity: Number = ""


class TickerItem(msgspec.Struct):
    tickers: list[TickerMessage]


class LevelMessage(msgspec.Struct):
    """`event_time` is the match engine's, and no time at all (1970) in snapshots."""

    side: str
    price_level: float
    new_quantity: float
    event_time: str = ""


class BookItem(msgspec.Struct):
    type: str
    product_id: str
    updates: list[LevelMessage]


class TradesReply(msgspec.Struct):
    trades: list[TradeMessage]


class PriceLevel(msgspec.Struct):
    price: float
    size: float


class PriceBook(msgspec.Struct):
    bids: list[PriceLevel]
    asks: list[PriceLevel]
    time: str


class BookReply(msgspec.Struct):
    pricebook: PriceBook


class CandlesReply(msgspec.Struct):
    candles: list[CandleRow]


_trades: Final = msgspec.json.Decoder(Envelope[TradesItem], strict=False)
_tickers: Final = msgspec.json.Decoder(Envelope[TickerItem], strict=False)
_books: Final = msgspec.json.Decoder(Envelope[BookItem], strict=False)
_trades_reply: Final = msgspec.json.Decoder(TradesReply, strict=False)
_book_reply: Final = msgspec.json.Decoder(BookReply, strict=False)
_candles_reply: Final = msgspec.json.Decoder(CandlesReply, strict=False)

_HEAD_BYTES: Final = 48


def decode(frame: bytes, recv_ns: int) -> list[Event]:
    """The events of one frame. Never raises: what cannot be used is an event too."""
    return [event for _, events in messages(frame, recv_ns) for event in events]


def messages(frame: bytes, recv_ns: int) -> list[Message]:
    """The same with the numbers of the messages, by which losses show."""
    head = frame[:_HEAD_BYTES]
    try:
        if b'"l2_data"' in head:
            books = _books.decode(frame)
            return [(books.sequence_num, [e for item in books.events for e in _book(item, books.timestamp, recv_ns)])]
        if b'"market_trades"' in head:
            trades = _trades.decode(frame)
            found = [trade_of(VENUE, m.product_id, m, recv_ns) for item in trades.events for m in item.trades]
            return [(trades.sequence_num, _in_order(found))]
        if b'"ticker"' in head:
            tickers = _tickers.decode(frame)
            ts_us = rfc3339_us(tickers.timestamp)
            return [
                (tickers.sequence_num, [_quote(m, ts_us, recv_ns) for item in tickers.events for m in item.tickers])
            ]
    except UNREADABLE:
        pass
    return _long_way(frame, recv_ns)


def decode_trades(symbol: str, body: bytes, recv_ns: int) -> list[Trade]:
    """The reply to /ticker, oldest first. Raises ValueError."""
    trades = []
    for row in sorted(_trades_reply.decode(body).trades, key=lambda row: row.trade_id):
        trade = trade_of(VENUE, symbol, row, recv_ns)
        if isinstance(trade, Refused):
            raise ValueError(trade.reason)
        trades.append(trade)
    return trades


def decode_book(symbol: str, body: bytes, recv_ns: int) -> BookSnapshot:
    """The reply to /product_book. Raises ValueError."""
    reply = _book_reply.decode(body).pricebook
    bids = sorted_levels(((level.price, level.size) for level in reply.bids), falling=True)
    asks = sorted_levels(((level.price, level.size) for level in reply.asks), falling=False)
    if not (sound(bids) and sound(asks)):
        raise ValueError("a level that is no number")
    return BookSnapshot(VENUE, symbol, None, rfc3339_us(reply.time), recv_ns, bids, asks)


def decode_candles(symbol: str, interval: str, body: bytes) -> list[Candle]:
    """The reply to /candles, oldest first. Raises ValueError."""
    return candles_of(VENUE, symbol, interval, _candles_reply.decode(body).candles)


# ── one message ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _in_order(found: list[Trade | Refused]) -> list[Event]:
    """Within a message the newest trade may stand first."""
    refused: list[Event] = [each for each in found if isinstance(each, Refused)]
    trades = sorted((each for each in found if isinstance(each, Trade)), key=lambda trade: (trade.symbol, trade.seq))
    return [*trades, *refused]


def _quote(m: TickerMessage, ts_us: int, recv_ns: int) -> Quote | Refused:
    """Tickers have no number and no time of their own; the time is the message's."""
    try:
        bid = best_of(m.best_bid, m.best_bid_quantity)
        ask = best_of(m.best_ask, m.best_ask_quantity)
    except ValueError as error:
        return refused(f"ticker: {error}", m.product_id)
    if not is_code(m.product_id):
        return refused("ticker of no product", None)
    return Quote(VENUE, m.product_id, None, ts_us, recv_ns, *bid, *ask)


def _book(item: BookItem, timestamp: str, recv_ns: int) -> list[Event]:
    symbol = item.product_id
    bids: list[Level] = []
    asks: list[Level] = []
    for level in item.updates:
        if level.side == "bid":
            bids.append((level.price_level, level.new_quantity))
        elif level.side in ("offer", "ask"):
            asks.append((level.price_level, level.new_quantity))
        else:
            return lost(refused(f"a level on the side {level.side!a}", symbol))
    if not (sound(bids) and sound(asks) and is_code(symbol)):
        return lost(refused("a level that is no number", symbol))
    if item.type == "snapshot":
        bids, asks = sorted_levels(bids, falling=True), sorted_levels(asks, falling=False)
        return [BookSnapshot(VENUE, symbol, None, rfc3339_us(timestamp), recv_ns, bids, asks)]
    if item.type != "update":
        return lost(refused(f"l2_data {item.type!a}", symbol))
    if not item.updates:
        return []
    ts_us = _engine_us(item.updates[-1].event_time) or rfc3339_us(timestamp)
    return [BookDelta(VENUE, symbol, None, None, None, ts_us, recv_ns, bids, asks)]


def _engine_us(text: str) -> int | None:
    try:
        return rfc3339_us(text)
    except (ValueError, OverflowError):
        return None


# ── everything else ───────────────────────────────────────────────────────────────────────────────────────────────────


def _long_way(frame: bytes, recv_ns: int) -> list[Message]:
    found: list[Message] = []
    try:
        for document in documents(frame):
            found.append(_document(document, recv_ns))
    except UNREADABLE as error:
        found.append((None, [Refused("malformed", f"{type(error).__name__}: {shown(frame)}")]))
    return found or [(None, [Refused("malformed", "an empty frame")])]


def _document(document: Any, recv_ns: int) -> Message:
    if not isinstance(document, dict):
        return None, [Refused("malformed", f"{type(document).__name__} instead of an object")]
    channel = document.get("channel")
    if document.get("type") == "error":
        return None, [Refused("error", printable(str(document.get("message"))))]
    try:
        envelope = msgspec.convert(document, Envelope[dict[str, Any]], strict=False)
    except UNREADABLE as error:
        if not isinstance(channel, str):
            return None, [Refused("unknown", printable(str(document.get("type"))))]
        return None, [Refused("malformed", printable(f"{channel}: {error}"))]
    number = envelope.sequence_num
    match channel:
        case "l2_data" | "market_trades" | "ticker":
            return number, [e for item in envelope.events for e in _item(channel, item, envelope.timestamp, recv_ns)]
        case "heartbeats":
            return number, [Heartbeat(recv_ns, _engine_us(envelope.timestamp))]
        case "subscriptions":
            return number, [e for item in envelope.events for e in _subscribed(item)]
        case _:
            return number, [Refused("unknown", printable(str(channel)))]


def _item(channel: str, item: dict[str, Any], timestamp: str, recv_ns: int) -> list[Event]:
    """One item of an envelope; what is wrong in it spoils nothing beside it."""
    try:
        if channel == "l2_data":
            return _book(msgspec.convert(item, BookItem, strict=False), timestamp, recv_ns)
        rows = item["trades" if channel == "market_trades" else "tickers"]
        if not isinstance(rows, list):
            raise ValueError("no list")
    except (*UNREADABLE, KeyError) as error:
        refusal = _malformed(channel, error, item)
        return lost(refusal) if channel == "l2_data" else [refusal]
    if channel == "market_trades":
        return _in_order([_one_trade(row, recv_ns) for row in rows])
    return [_one_quote(row, timestamp, recv_ns) for row in rows]


def _one_trade(row: Any, recv_ns: int) -> Trade | Refused:
    try:
        message = msgspec.convert(row, TradeMessage, strict=False)
        return trade_of(VENUE, message.product_id, message, recv_ns)
    except UNREADABLE as error:
        return _malformed("trade", error, row)


def _one_quote(row: Any, timestamp: str, recv_ns: int) -> Quote | Refused:
    try:
        return _quote(msgspec.convert(row, TickerMessage, strict=False), rfc3339_us(timestamp), recv_ns)
    except UNREADABLE as error:
        return _malformed("ticker", error, row)


def _malformed(what: str, error: Exception, row: Any) -> Refused:
    symbol = row.get("product_id") if isinstance(row, dict) else None
    return Refused("malformed", printable(f"{what}: {error}"), symbol if is_code(symbol) else None)


def _subscribed(item: dict[str, Any]) -> list[Event]:
    """{"subscriptions": {"level2": ["BTC-USD"], …}}: all there are, not the new ones alone."""
    listed = item.get("subscriptions")
    if not isinstance(listed, dict):
        return [Refused("malformed", "subscriptions")]
    return [
        Subscribed(KINDS_OF[channel], tuple(symbol for symbol in symbols if is_code(symbol)))
        for channel, symbols in listed.items()
        if channel in KINDS_OF and isinstance(symbols, list)
    ]
