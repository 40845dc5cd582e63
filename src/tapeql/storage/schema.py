"""The tables of the tape: one schema for the lake's files and the database's tables.

Rows of a table are sorted by (ts, seq) within a symbol; `ts` is UTC microseconds everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pyarrow as pa

TS: Final = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Table:
    """A stored table: its name in paths and SQL, its columns, which must be present, and what identifies a row."""

    name: str
    schema: pa.Schema
    required: tuple[str, ...]


TICKS: Final = Table(
    "ticks",
    pa.schema(
        [
            pa.field("ts", TS, nullable=False),
            pa.field("seq", pa.int64(), nullable=False),
            pa.field("price", pa.float64(), nullable=False),
            pa.field("quantity", pa.float64(), nullable=False),
            pa.field("side", pa.string()),
            pa.field("trade_id", pa.string()),
            pa.field("buyer_maker", pa.bool_()),
            pa.field("conditions", pa.string()),
        ]
    ),
    required=("ts", "price", "quantity"),
)

QUOTES: Final = Table(
    "quotes",
    pa.schema(
        [
            pa.field("ts", TS, nullable=False),
            pa.field("seq", pa.int64(), nullable=False),
            pa.field("bid", pa.float64()),
            pa.field("bid_size", pa.float64()),
            pa.field("ask", pa.float64()),
            pa.field("ask_size", pa.float64()),
        ]
    ),
    required=("ts", "bid", "ask"),
)

OHLCV: Final = Table(
    "ohlcv",
    pa.schema(
        [
            pa.field("ts", TS, nullable=False),
            pa.field("seq", pa.int64(), nullable=False),
            pa.field("open", pa.float64()),
            pa.field("high", pa.float64()),
            pa.field("low", pa.float64()),
            pa.field("close", pa.float64()),
            pa.field("volume", pa.float64()),
            pa.field("trades", pa.int64()),
            pa.field("vwap", pa.float64()),
        ]
    ),
    required=("ts", "open", "high", "low", "close", "volume"),
)

TABLES: Final = {table.name: table for table in (TICKS, QUOTES, OHLCV)}
