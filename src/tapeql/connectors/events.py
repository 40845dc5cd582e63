"""What a venue says, in one vocabulary: msgspec structs that decode makes, the journal keeps and the stores hold.

`ts_us` is the venue's time in UTC microseconds, None where the venue gives none; `recv_ns` is when the frame was
received, by a clock that never steps. `symbol` is the code behind `venue:`. Prices and quantities are finite doubles.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["trades", "quotes", "book"]
KINDS: Final[tuple[Kind, ...]] = ("trades", "quotes", "book")

Level: TypeAlias = tuple[float, float]
"""(price, size); in a delta size 0 deletes the level."""


class Trade(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="t"):
    """`trade_id` is unique for ever within the symbol. `seq` orders trades of one ts, and is the number of a contiguous
    id. `side` is the taker's: "buy" or "sell". `conditions` are the tape's codes, comma separated; `market` is the market
    centre of a consolidated tape."""

    venue: str
    symbol: str
    trade_id: str
    seq: int
    ts_us: int
    recv_ns: int
    price: float
    quantity: float
    side: str | None = None
    conditions: str | None = None
    market: str | None = None


class Void(msgspec.Struct, frozen=True, gc=False):
    """An id among contiguous trade ids that the venue used for something that is no trade of the market."""

    symbol: str
    seq: int


class Quote(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="q"):
    """The best bid and ask after a change. A side that is not there is None. `update_id` rises; None where the venue
    numbers nothing. `ts_source` is "recv" where ts_us was made from the time of receipt."""

    venue: str
    symbol: str
    update_id: int | None
    ts_us: int | None
    recv_ns: int
    bid: float | None
    bid_size: float | None
    ask: float | None
    ask_size: float | None
    ts_source: str = "venue"


class BookDelta(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="d"):
    """Levels that changed. It covers the updates first_id..last_id and follows prev_id, where the venue says so.
    `checksum` is the venue's, of the book after this delta."""

    venue: str
    symbol: str
    first_id: int | None
    last_id: int | None
    prev_id: int | None
    ts_us: int | None
    recv_ns: int
    bids: list[Level]
    asks: list[Level]
    checksum: int | None = None


class BookSnapshot(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="s"):
    """The whole book, best levels first, as of last_id."""

    venue: str
    symbol: str
    last_id: int | None
    ts_us: int | None
    recv_ns: int
    bids: list[Level]
    asks: list[Level]
    checksum: int | None = None


class Correction(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="c"):
    """A trade the venue changed ("correct", with the new values) or took back ("cancel"), told at ts_us."""

    venue: str
    symbol: str
    trade_id: str
    kind: str
    ts_us: int
    recv_ns: int
    price: float | None = None
    quantity: float | None = None
    conditions: str | None = None
    original_ts_us: int | None = None


class Gap(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="g"):
    """What is missing of a feed: from from_us until until_us (None: still going on), and where ids are contiguous the
    ids from_id..to_id, of which those up to filled_to_id have come since. Newer records of one gap_id replace older."""

    venue: str
    symbol: str
    gap_id: str
    kind: Kind
    from_us: int
    until_us: int | None
    from_id: int | None
    to_id: int | None
    reason: str
    filled_to_id: int | None = None
    filled_us: int | None = None

    @property
    def closed(self) -> bool:
        """Whether no later record can change it: only trades can still be filled in."""
        return self.filled_us is not None or (self.kind != "trades" and self.until_us is not None)


class Instrument(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="i"):
    """A tradable symbol: kind is "spot", "perpetual", "future", "stock", "etf", "forex" …; steps are the smallest
    change of a price and of a quantity; `native` is the venue's own spelling where it differs."""

    venue: str
    symbol: str
    ts_us: int
    kind: str
    base: str | None = None
    quote: str | None = None
    price_step: float | None = None
    quantity_step: float | None = None
    status: str | None = None
    native: str | None = None


class Candle(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="o"):
    """A finished candle; ts_us is its open."""

    venue: str
    symbol: str
    interval: str
    ts_us: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int | None = None
    vwap: float | None = None


Kept: TypeAlias = Trade | Quote | BookDelta | BookSnapshot | Correction | Gap | Instrument
"""What the journal and the stores hold."""


# ── about the connection ──────────────────────────────────────────────────────────────────────────────────────────────


class Subscribed(msgspec.Struct, frozen=True, gc=False):
    """The venue has taken a subscription; symbols as it was asked for them."""

    kind: Kind
    symbols: tuple[str, ...]


class Heartbeat(msgspec.Struct, frozen=True, gc=False):
    """The feed is alive. `ts_us` is the venue's time; `last_trade_id` the newest trade of `symbol`, where it tells."""

    recv_ns: int
    ts_us: int | None = None
    symbol: str | None = None
    last_trade_id: int | None = None


class Ending(msgspec.Struct, frozen=True, gc=False):
    """The venue will close this connection soon: open another one first."""

    reason: str


class Reset(msgspec.Struct, frozen=True, gc=False):
    """The venue lost part of what this connection carries, although it stays open. No symbols: all of them."""

    reason: str
    kind: Kind | None = None
    symbols: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A frame, or a part of one, that was not used.

    kind  "malformed"  it cannot be read: what it held is lost
          "value"      a number or a time that cannot be: that event is lost
          "unknown"    a type of message we do not keep
          "error"      the venue's complaint about something we asked
    """

    kind: Literal["malformed", "value", "unknown", "error"]
    reason: str
    symbol: str | None = None


Event: TypeAlias = Kept | Void | Subscribed | Heartbeat | Ending | Reset | Refused
