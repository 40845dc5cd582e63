"""Rows as a feed appends them, the same for the same arguments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tapeql.storage.rows import conform
from tapeql.storage.schema import BOOK, GAPS, INSTRUMENTS, QUOTES, TABLES, TICKS, TS, Table
from tapeql.storage.snapshot import Snapshot
from tapeql.storage.store import Fed
from tests import tapes

DAY = 86_400_000_000
START = tapes.us("2025-03-10")
EVER = (-(2**62), 2**62)


def instants(us: Sequence[int] | np.ndarray) -> pa.Array:
    return pa.array(np.asarray(us, np.int64)).cast(TS)


def rows(table: Table, columns: dict[str, object]) -> pa.Table:
    """Conformed rows; seq is the update_id or trade_id unless given."""
    made = conform(table, pa.table(columns))
    return made if made.column("seq").null_count else made.cast(table.schema)


def trades(ids: Sequence[int] | np.ndarray, start_us: int = START, step_us: int = 250_000) -> pa.Table:
    """Trades with these ids, `step_us` apart, two at a time at one instant."""
    n = np.asarray(ids, np.int64)
    return rows(
        TICKS,
        {
            "ts": instants(start_us + n // 2 * 2 * step_us),
            "seq": n,
            "price": 100 + (n * 7919 % 41) / 4,
            "quantity": (1 + n % 5) / 4,
            "side": pa.array(["buy" if i % 3 else "sell" for i in n.tolist()]),
            "trade_id": pa.array([str(i) for i in n.tolist()]),
            "recv_ts": instants(start_us + n * step_us + 1_000),
        },
    )


def quotes(ids: Sequence[int] | np.ndarray, start_us: int = START, step_us: int = 250_000) -> pa.Table:
    n = np.asarray(ids, np.int64)
    bid = 100 + (n * 7919 % 41) / 4
    return rows(
        QUOTES,
        {
            "ts": instants(start_us + n * step_us),
            "seq": n,
            "bid": bid,
            "bid_size": 1.0 + n % 3,
            "ask": bid + 0.25,
            "ask_size": 1.0 + n % 2,
            "update_id": n,
            "ts_source": pa.array(["recv"] * len(n)),
        },
    )


def book(ids: Sequence[int] | np.ndarray, start_us: int = START, step_us: int = 250_000) -> pa.Table:
    """Book updates, each 50th a snapshot; sides of 0 to 4 levels."""
    n = np.asarray(ids, np.int64).tolist()
    sides = {
        name: pa.array([[100.0 + i % 7 + level / 8 for level in range((i + k) % 5)] for i in n], pa.list_(pa.float64()))
        for k, name in enumerate(("bid_prices", "bid_sizes", "ask_prices", "ask_sizes"))
    }
    return rows(
        BOOK,
        {
            "ts": instants([start_us + i * step_us for i in n]),
            "seq": pa.array(n, pa.int64()),
            "kind": pa.array(["delta" if i % 50 else "snapshot" for i in n]),
            "update_id": pa.array(n, pa.int64()),
            **sides,
        },
    )


def gaps(*found: tuple[str, int | None], start_us: int = START) -> pa.Table:
    """Gaps by (gap_id, filled_to_id)."""
    return rows(
        GAPS,
        {
            "ts": instants([start_us] * len(found)),
            "gap_id": [gap for gap, _ in found],
            "kind": ["trades"] * len(found),
            "filled_to_id": pa.array([to for _, to in found], pa.int64()),
            "reason": ["outage"] * len(found),
        },
    )


def instrument(at_us: int, status: str) -> pa.Table:
    return rows(INSTRUMENTS, {"ts": instants([at_us]), "kind": ["spot"], "status": [status], "price_step": [0.01]})


def fed(ids: Sequence[int] | np.ndarray, codes: Sequence[str] = ("A", "B"), venue: str = "x") -> Fed:
    """An append of trades, quotes and book updates with these ids for each symbol."""
    return {
        (table.name, venue, code): made(ids)
        for code in codes
        for table, made in ((TICKS, trades), (QUOTES, quotes), (BOOK, book))
    }


def everything(
    snapshot: Snapshot, codes: Sequence[str] = ("A", "B"), venue: str = "x"
) -> dict[tuple[str, str], pa.Table]:
    """All rows of all tables but candles."""
    return {
        (table.name, code): pa.Table.from_batches(
            snapshot.scan(table.name, venue, code, *EVER, table.schema.names), table.schema
        )
        for code in codes
        for table in TABLES.values()
        if table.name != "ohlcv"
    }
