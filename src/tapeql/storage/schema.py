"""The tables of the tape: one schema for the lake's files and the database's tables.

Rows of a table are sorted by (ts, seq) within a symbol; `ts` is UTC microseconds everywhere.

ticks, quotes, ohlcv   what queries read
book                   snapshots of an order book and what changed between them
gaps                   what a feed knows to be missing, and whether it was found since
corrections            trades the venue corrected or cancelled later
instruments            what a symbol was said to be, a row for each time that changed
coverage               the stretches of time that imports and backfills brought whole
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

TS: Final = pa.timestamp("us", tz="UTC")
_NUMBERS: Final = pa.list_(pa.float64())


@dataclass(frozen=True, slots=True)
class Table:
    """A stored table: its name in paths and SQL, its columns, and what makes two of its rows the same row.

    required   columns that must be handed in
    key        columns that identify a row within a partition of its symbol
    content    columns that, with ts and the n-th occurrence in a source, identify a row whose key is NULL
    number     the key column whose numbers rise with the order of things and stand for `seq` where none is given
    replaces   a known key takes the new values; else the row stays as stored
    changes    a row that says the same as the one before it is not stored
    small      few rows: a month lies together, and is written anew when rows come in
    queried    what FROM reads; a symbol exists by its rows
    fed        columns only a feed fills
    """

    name: str
    schema: pa.Schema
    required: tuple[str, ...]
    key: tuple[str, ...]
    content: tuple[str, ...] = ()
    number: str = ""
    replaces: bool = False
    changes: bool = False
    small: bool = False
    queried: bool = False
    fed: tuple[str, ...] = ()


def _columns(*more: pa.Field) -> pa.Schema:
    return pa.schema([pa.field("ts", TS, nullable=False), pa.field("seq", pa.int64(), nullable=False), *more])


TICKS: Final = Table(
    "ticks",
    _columns(
        pa.field("price", pa.float64(), nullable=False),
        pa.field("quantity", pa.float64(), nullable=False),
        pa.field("side", pa.string()),
        pa.field("trade_id", pa.string()),
        pa.field("buyer_maker", pa.bool_()),
        pa.field("conditions", pa.string()),
        pa.field("market", pa.string()),
        pa.field("recv_ts", TS),
    ),
    required=("ts", "price", "quantity"),
    key=("trade_id",),
    content=("price", "quantity", "side", "market"),
    number="trade_id",
    queried=True,
    fed=("recv_ts",),
)
"""`market` is the market centre of a consolidated tape, NULL elsewhere; `recv_ts` is when a feed received the trade."""

QUOTES: Final = Table(
    "quotes",
    _columns(
        pa.field("bid", pa.float64()),
        pa.field("bid_size", pa.float64()),
        pa.field("ask", pa.float64()),
        pa.field("ask_size", pa.float64()),
        pa.field("market", pa.string()),
        pa.field("update_id", pa.int64()),
        pa.field("recv_ts", TS),
        pa.field("ts_source", pa.string()),
    ),
    required=("ts", "bid", "ask"),
    key=("update_id",),
    content=("bid", "bid_size", "ask", "ask_size", "market"),
    number="update_id",
    queried=True,
    fed=("update_id", "recv_ts", "ts_source"),
)
"""A quote with a `market` is the best of that market centre alone; without one it is the best there is.

`update_id` rises, by the venue's count or the feed's own; `ts_source` says whose clock `ts` is: "venue" or "recv".
"""

OHLCV: Final = Table(
    "ohlcv",
    _columns(
        pa.field("open", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("close", pa.float64()),
        pa.field("volume", pa.float64()),
        pa.field("trades", pa.int64()),
        pa.field("vwap", pa.float64()),
    ),
    required=("ts", "open", "high", "low", "close"),
    key=("ts",),
    replaces=True,
    queried=True,
)

BOOK: Final = Table(
    "book",
    _columns(
        pa.field("kind", pa.string(), nullable=False),
        pa.field("update_id", pa.int64(), nullable=False),
        pa.field("first_update_id", pa.int64()),
        pa.field("bid_prices", _NUMBERS, nullable=False),
        pa.field("bid_sizes", _NUMBERS, nullable=False),
        pa.field("ask_prices", _NUMBERS, nullable=False),
        pa.field("ask_sizes", _NUMBERS, nullable=False),
        pa.field("recv_ts", TS),
    ),
    required=("ts", "kind", "update_id", "bid_prices", "bid_sizes", "ask_prices", "ask_sizes"),
    key=("update_id", "kind"),
    number="update_id",
)
"""`kind` is "snapshot" or "delta". Prices and sizes stand side by side; a size of 0 deletes the level."""

GAPS: Final = Table(
    "gaps",
    _columns(
        pa.field("gap_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("until", TS),
        pa.field("from_id", pa.int64()),
        pa.field("to_id", pa.int64()),
        pa.field("filled_to_id", pa.int64()),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("filled_at", TS),
    ),
    required=("ts", "gap_id", "kind", "reason"),
    key=("gap_id",),
    replaces=True,
    small=True,
)
"""`ts` is where the gap begins, always the same for a gap_id; `until` NULL: it has no end yet.

`kind` is "trades", "quotes" or "book". Ids are inclusive, and filled up to `filled_to_id`.
"""

CORRECTIONS: Final = Table(
    "corrections",
    _columns(
        pa.field("trade_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("price", pa.float64()),
        pa.field("quantity", pa.float64()),
        pa.field("conditions", pa.string()),
        pa.field("original_ts", TS),
        pa.field("recv_ts", TS),
    ),
    required=("ts", "trade_id", "kind"),
    key=("trade_id", "kind", "ts"),
    small=True,
)
"""`ts` is the correction's, `original_ts` the trade's; `kind` is "correct" or "cancel"."""

INSTRUMENTS: Final = Table(
    "instruments",
    _columns(
        pa.field("kind", pa.string()),
        pa.field("base", pa.string()),
        pa.field("quote", pa.string()),
        pa.field("price_step", pa.float64()),
        pa.field("quantity_step", pa.float64()),
        pa.field("status", pa.string()),
        pa.field("native", pa.string()),
    ),
    required=("ts",),
    key=("ts", "kind", "base", "quote", "price_step", "quantity_step", "status", "native"),
    changes=True,
    small=True,
)
"""`ts` is when it was seen; `kind` is "spot", "perpetual", "stock" …; `native` is the venue's own name."""

COVERAGE: Final = Table(
    "coverage",
    _columns(
        pa.field("kind", pa.string(), nullable=False),
        pa.field("interval", pa.string(), nullable=False),
        pa.field("until", TS, nullable=False),
        pa.field("said_by", pa.string(), nullable=False),
    ),
    required=("ts", "kind", "interval", "until", "said_by"),
    key=("kind", "interval", "ts", "until"),
    small=True,
)
"""A stretch [ts, until) within which the store has every row there was: of the table `kind`, of candles of `interval`
("" for other tables). `said_by` is "import" or "backfill"."""

TABLES: Final = {table.name: table for table in (TICKS, QUOTES, OHLCV, BOOK, GAPS, CORRECTIONS, INSTRUMENTS, COVERAGE)}
