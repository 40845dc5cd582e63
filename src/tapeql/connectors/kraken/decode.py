"""Frames and REST replies of Kraken as events: pure.

Prices and quantities are JSON numbers written with all their digits (`0.10000000`), and the book's checksum is over
those digits. Book events therefore leave here as `WrittenSnapshot` and `WrittenDelta`, which know them; the book's rule
hands on plain ones.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

import msgspec

from tapeql.connectors.events import (
    BookDelta,
    BookSnapshot,
    Candle,
    Event,
    Heartbeat,
    Kind,
    Level,
    Quote,
    Refused,
    Reset,
    Subscribed,
    Trade,
    Void,
)
from tapeql.connectors.frames import LAST_ID, UNREADABLE, is_code, one_by_one, printable, sound, sound_candle
from tapeql.connectors.instants import epoch_us, rfc3339_us

VENUE: Final = "kraken"
CHANNELS: Final[dict[Kind, str]] = {"trades": "trade", "quotes": "ticker", "book": "book"}
KIND_OF: Final[dict[str, Kind]] = {channel: kind for kind, channel in CHANNELS.items()}

_LAST_S: Final = 2**33
"""In the year 2242: beyond it a number is no time."""

_MOST: Final = 1e150
"""So that a price times a quantity is a number too."""

Payload = TypeVar("Payload")


class WrittenSnapshot(BookSnapshot, frozen=True, array_like=True, gc=False, tag="s"):
    """A snapshot with what each level adds to the text that the checksum is of, in the order of bids and asks."""

    bids_written: tuple[str, ...] = ()
    asks_written: tuple[str, ...] = ()


class WrittenDelta(BookDelta, frozen=True, array_like=True, gc=False, tag="d"):
    """A delta with the same; a level that goes adds nothing."""

    bids_written: tuple[str, ...] = ()
    asks_written: tuple[str, ...] = ()


class Message(msgspec.Struct, Generic[Payload]):
    data: list[Payload]
    type: str = "update"


class TradeMessage(msgspec.Struct):
    """`side` is the taker's."""

    symbol: str
    side: str
    price: float
    qty: float
    trade_id: int
    timestamp: str


class TickerMessage(msgspec.Struct):
    symbol: str
    bid: float | None = None
    bid_qty: float | None = None
    ask: float | None = None
    ask_qty: float | None = None
    timestamp: str | None = None


class LevelMessage(msgspec.Struct):
    price: Decimal
    qty: Decimal


class BookMessage(msgspec.Struct):
    symbol: str
    bids: list[LevelMessage] = []
    asks: list[LevelMessage] = []
    checksum: int | None = None
    timestamp: str | None = None


class TradeRow(msgspec.Struct, array_like=True):
    """[price, volume, time in seconds, "b" or "s", order type, remarks, trade id]"""

    price: float
    volume: float
    time: Decimal
    side: str
    order: str
    remarks: str
    trade_id: int


class CandleRow(msgspec.Struct, array_like=True):
    """[open time in seconds, open, high, low, close, vwap, volume, trades]"""

    time: int
    open: float
    high: float
    low: float
    close: float
    vwap: float
    volume: float
    count: int


class BookReply(msgspec.Struct):
    """[price, volume, time of the level]"""

    bids: list[list[float]]
    asks: list[list[float]]


class Reply(msgspec.Struct, Generic[Payload]):
    result: Payload


_trades: Final = msgspec.json.Decoder(Message[TradeMessage], strict=False)
_tickers: Final = msgspec.json.Decoder(Message[TickerMessage], strict=False)
_books: Final = msgspec.json.Decoder(Message[BookMessage], strict=False)
_by_pair: Final = msgspec.json.Decoder(Reply[dict[str, msgspec.Raw]])
_trade_rows: Final = msgspec.json.Decoder(list[TradeRow], strict=False)
_candle_rows: Final = msgspec.json.Decoder(list[CandleRow], strict=False)
_book_reply: Final = msgspec.json.Decoder(BookReply, strict=False)
_cursor: Final = msgspec.json.Decoder(int, strict=False)


def decode(frame: bytes, recv_ns: int) -> list[Event]:
    """The events of one frame. Never raises: what cannot be used is an event too."""
    try:
        if frame.startswith(b'{"channel":"book"'):
            books = _books.decode(frame)
            return [event for book in books.data for event in _book(books.type, book, recv_ns)]
        if frame.startswith(b'{"channel":"ticker"'):
            return [_quote(ticker, recv_ns) for ticker in _tickers.decode(frame).data]
        if frame.startswith(b'{"channel":"trade"'):
            return [_trade(trade, recv_ns) for trade in _trades.decode(frame).data]
    except UNREADABLE:
        pass
    return one_by_one(frame, lambda document: _document(document, recv_ns), Decimal)


def decode_trades(code: str, body: bytes, recv_ns: int) -> tuple[list[Trade | Void], int]:
    """The reply to /Trades, oldest first, and its `last`: the time in ns of the last one. Raises ValueError."""
    found = _by_pair.decode(body).result
    last_ns = _cursor.decode(found.pop("last", b""))
    events: list[Trade | Void] = []
    for row in sorted(_trade_rows.decode(_only(found)), key=lambda row: row.trade_id):
        side = {"b": "buy", "s": "sell"}.get(row.side, row.side)
        event = _executed(code, side, row.price, row.volume, row.trade_id, _seconds_us(row.time), recv_ns)
        if isinstance(event, Refused):
            raise ValueError(event.reason)
        events.append(event)
    if not 0 <= last_ns < _LAST_S * 10**9:
        raise ValueError("last is no time")
    return events, last_ns


def decode_book(code: str, body: bytes, recv_ns: int) -> BookSnapshot:
    """The reply to /Depth. Raises ValueError."""
    reply = _book_reply.decode(_only(_by_pair.decode(body).result))
    bids: list[Level] = [(price, volume) for price, volume, *_ in reply.bids]
    asks: list[Level] = [(price, volume) for price, volume, *_ in reply.asks]
    if not (_priced(bids) and _priced(asks)):
        raise ValueError("a level that is no number")
    return BookSnapshot(VENUE, code, None, None, recv_ns, bids, asks)


def decode_candles(code: str, interval: str, body: bytes) -> tuple[list[int], list[Candle]]:
    """The reply to /OHLC: when each of its candles opens, and those that have ended and had trades. Raises ValueError.

    The last one is always still going on. Kraken fills quiet times with candles of no trade.
    """
    found = _by_pair.decode(body).result
    found.pop("last", None)
    rows = _candle_rows.decode(_only(found))
    opens_us = [epoch_us(row.time) for row in rows]
    candles = []
    for row, open_us in zip(rows[:-1], opens_us, strict=False):
        if row.count <= 0:
            continue
        prices = (row.open, row.high, row.low, row.close)
        candle = Candle(VENUE, code, interval, open_us, *prices, row.volume, trades=row.count, vwap=row.vwap or None)
        candles.append(sound_candle(candle))
    return opens_us, candles


def _only(found: dict[str, msgspec.Raw]) -> msgspec.Raw:
    if len(found) != 1:
        raise ValueError(f"{len(found)} pairs instead of one")
    return next(iter(found.values()))


# ── one message ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _trade(m: TradeMessage, recv_ns: int) -> Trade | Void | Refused:
    return _executed(m.symbol, m.side, m.price, m.qty, m.trade_id, rfc3339_us(m.timestamp), recv_ns)


def _executed(
    code: str, side: str, price: float, quantity: float, trade_id: int, ts_us: int, recv_ns: int
) -> Trade | Void | Refused:
    if not (0.0 < price < _MOST and 0.0 <= quantity < _MOST and 0 <= trade_id <= LAST_ID and is_code(code)):
        return _refused(f"trade of {price} × {quantity}", code)
    if quantity == 0.0:
        # Rounded away: the id is used, but nothing was traded.
        return Void(code, trade_id)
    if side not in ("buy", "sell"):
        return _refused(f"trade {trade_id} of side {side!r}", code)
    return Trade(VENUE, code, str(trade_id), trade_id, ts_us, recv_ns, price, quantity, side)


def _quote(m: TickerMessage, recv_ns: int) -> Quote | Refused:
    bid, ask = _present(m.bid, m.bid_qty), _present(m.ask, m.ask_qty)
    if not (_priced([side for side in (bid, ask) if side]) and is_code(m.symbol)):
        return _refused(f"quote of {m.bid} × {m.bid_qty}, {m.ask} × {m.ask_qty}", m.symbol)
    ts_us = None if m.timestamp is None else rfc3339_us(m.timestamp)
    return Quote(VENUE, m.symbol, None, ts_us, recv_ns, *(bid or (None, None)), *(ask or (None, None)))


def _present(price: float | None, size: float | None) -> Level | None:
    """A side of an empty book has no price, or zero."""
    return None if not price or size is None else (price, size)


def _book(kind: str, m: BookMessage, recv_ns: int) -> list[Event]:
    bids = [(float(level.price), float(level.qty)) for level in m.bids]
    asks = [(float(level.price), float(level.qty)) for level in m.asks]
    sane = _priced(bids) and _priced(asks) and (m.checksum is None or 0 <= m.checksum < 2**32)
    if not (sane and is_code(m.symbol)):
        return _with_reset(_refused("book", m.symbol))
    ts_us = None if m.timestamp is None else rfc3339_us(m.timestamp)
    written = [tuple(_written(level) for level in side) for side in (m.bids, m.asks)]
    if kind == "snapshot":
        return [WrittenSnapshot(VENUE, m.symbol, None, ts_us, recv_ns, bids, asks, m.checksum, *written)]
    if kind == "update":
        return [WrittenDelta(VENUE, m.symbol, None, None, None, ts_us, recv_ns, bids, asks, m.checksum, *written)]
    return _with_reset(_refused(f"book {kind}", m.symbol))


def _with_reset(refusal: Refused) -> list[Event]:
    """A change that is not used leaves its book wrong, which behind the best ten no checksum would show."""
    if refusal.symbol is None:
        return [refusal]
    return [refusal, Reset("a change of the book was refused", "book", (refusal.symbol,))]


def _refused(reason: str, symbol: str) -> Refused:
    return Refused("value", printable(reason), symbol if is_code(symbol) else None)


def _priced(levels: list[Level]) -> bool:
    return sound(levels) and all(price > 0 for price, _ in levels)


def _written(level: LevelMessage) -> str:
    """Price and quantity without their points and leading zeros."""
    return _digits(level.price) + _digits(level.qty) if float(level.qty) > 0 else ""


def _digits(number: Decimal) -> str:
    text = str(number)
    if "E" in text:
        text = format(number, "f")
    return text.replace(".", "").lstrip("0")


def _seconds_us(seconds: Decimal) -> int:
    """Seconds since 1970 with a fraction, floored to µs. Raises ValueError.

    Kraken writes a double here, up to 120 ns off the instant: near a whole µs the stream may say the one beside it.
    """
    if not 0.0 < float(seconds) < _LAST_S:
        raise ValueError("not a time")
    return int(seconds * 1_000_000)


# ── everything else ───────────────────────────────────────────────────────────────────────────────────────────────────


def _document(document: Any, recv_ns: int) -> list[Event]:
    if not isinstance(document, dict):
        return [Refused("malformed", f"{type(document).__name__} instead of an object")]
    if "method" in document:
        return [_answer(document, recv_ns)]
    channel, items = document.get("channel"), document.get("data")
    if channel == "heartbeat":
        return [Heartbeat(recv_ns)]
    if not isinstance(items, list):
        return [Refused("malformed" if channel in KIND_OF else "unknown", printable(f"{channel}: no data"))]
    kind = str(document.get("type", "update"))
    return [event for item in items for event in _item(channel, kind, item, recv_ns)]


def _item(channel: Any, kind: str, item: Any, recv_ns: int) -> list[Event]:
    symbol = item.get("symbol") if isinstance(item, dict) else None
    try:
        match channel:
            case "trade":
                return [_trade(msgspec.convert(item, TradeMessage, strict=False), recv_ns)]
            case "ticker":
                return [_quote(msgspec.convert(item, TickerMessage, strict=False), recv_ns)]
            case "book":
                return _book(kind, msgspec.convert(item, BookMessage, strict=False), recv_ns)
            case "status" if isinstance(item, dict):
                if item.get("system") == "online":
                    return [Heartbeat(recv_ns)]
                return [Refused("unknown", printable(f"status {item.get('system')}"))]
    except UNREADABLE as error:
        refusal = Refused("malformed", printable(f"{channel}: {error}"), symbol if is_code(symbol) else None)
        return _with_reset(refusal) if channel == "book" else [refusal]
    return [Refused("unknown", printable(str(channel)))]


def _answer(document: dict[str, Any], recv_ns: int) -> Event:
    """What Kraken says of a request: `{"method": "subscribe", "success": true, "result": {…}}`."""
    result = document.get("result")
    about = result if isinstance(result, dict) else document
    symbol = about.get("symbol")
    if document.get("success") is False or "error" in document:
        return Refused("error", printable(str(document.get("error"))), symbol if is_code(symbol) else None)
    kind = KIND_OF.get(str(about.get("channel")))
    if document["method"] == "subscribe" and kind is not None and isinstance(symbol, str) and is_code(symbol):
        return Subscribed(kind, (symbol,))
    return Heartbeat(recv_ns)
