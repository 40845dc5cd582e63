"""Small synthetic tapes, the same for the same arguments, and how to put them into a store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from tapeql.storage.schema import OHLCV, QUOTES, TICKS, TS, Table
from tapeql.storage.store import Commit, Store

BySymbol = Mapping[str, pa.Table]
BySymbolAndInterval = Mapping[tuple[str, str], pa.Table]
When = int | str


def us(when: When) -> int:
    """Microseconds of an ISO instant (UTC where no zone is written); an int is taken as it is."""
    if isinstance(when, int):
        return when
    moment = dt.datetime.fromisoformat(when)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return (moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _table(table: Table, names: Sequence[str], rows: Sequence[Sequence[object]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    arrays = []
    for name, values in zip(names, columns, strict=True):
        if name == "ts":
            arrays.append(pa.array([us(v) for v in values], pa.int64()).cast(TS))
        else:
            arrays.append(pa.array(values, table.schema.field(name).type))
    return pa.table(arrays, names=list(names))


def ticks(rows: Sequence[Sequence[object]], names: Sequence[str] = ("ts", "price", "quantity")) -> pa.Table:
    """Trades from rows of the named columns, in source order; ts as `us` takes it."""
    return _table(TICKS, names, rows)


def quotes(rows: Sequence[Sequence[object]], names: Sequence[str] = ("ts", "bid", "ask")) -> pa.Table:
    """Quotes from rows of the named columns."""
    return _table(QUOTES, names, rows)


def candles(
    rows: Sequence[Sequence[object]], names: Sequence[str] = ("ts", "open", "high", "low", "close", "volume")
) -> pa.Table:
    """Candles from rows of the named columns."""
    return _table(OHLCV, names, rows)


def random_ticks(start: When, seconds: float, count: int, seed: int = 0, tick: float = 0.01) -> pa.Table:
    """A random walk of `count` trades over a stretch of time, some of them at one instant, prices on a tick grid."""
    rng = np.random.default_rng(seed)
    ts = us(start) + np.sort(rng.integers(0, max(int(seconds * 1000), 1), count)) * 1000
    price = 100 + np.round(np.cumsum(rng.integers(-3, 4, count)) * tick, 8)
    price = np.round(np.maximum(price, tick), 8)
    quantity = rng.integers(1, 400, count) / 4
    side = np.where(rng.random(count) < 0.5, "buy", "sell")
    return pa.table(
        {
            "ts": pa.array(ts, pa.int64()).cast(TS),
            "price": pa.array(price),
            "quantity": pa.array(quantity),
            "side": pa.array(side.tolist(), pa.string()),
        }
    )


def random_quotes(start: When, seconds: float, count: int, seed: int = 0, tick: float = 0.01) -> pa.Table:
    """A random walk of `count` quotes: mostly one to five ticks wide, now and then locked, crossed or one-sided."""
    rng = np.random.default_rng(seed)
    ts = us(start) + np.sort(rng.integers(0, max(int(seconds * 1000), 1), count)) * 1000
    middle = 100 + np.cumsum(rng.integers(-2, 3, count)) * tick
    width = rng.choice([1, 2, 3, 5, 0, -1], count, p=[0.4, 0.25, 0.15, 0.12, 0.05, 0.03]) * tick
    bid = np.round(np.maximum(middle, tick), 8)
    ask = np.round(bid + width, 8)
    bid = np.where(rng.random(count) < 0.02, 0.0, bid)
    return pa.table(
        {
            "ts": pa.array(ts, pa.int64()).cast(TS),
            "bid": pa.array(bid),
            "bid_size": pa.array(rng.integers(1, 50, count).astype(np.float64)),
            "ask": pa.array(ask),
            "ask_size": pa.array(rng.integers(1, 50, count).astype(np.float64)),
        }
    )


def random_candles(start: When, step_s: float, count: int, seed: int = 0, missing: float = 0.0) -> pa.Table:
    """A random walk of candles every `step_s` seconds, a share of them missing."""
    rng = np.random.default_rng(seed)
    ts = us(start) + np.arange(count, dtype=np.int64) * int(step_s * 1_000_000)
    close = 100 + np.cumsum(rng.integers(-5, 6, count)) / 100
    open_ = np.concatenate(([100.0], close[:-1]))
    high = np.round(np.maximum(open_, close) + rng.integers(0, 4, count) / 100, 8)
    low = np.round(np.minimum(open_, close) - rng.integers(0, 4, count) / 100, 8)
    volume = rng.integers(1, 1000, count).astype(np.float64)
    rows = pa.table(
        {
            "ts": pa.array(ts).cast(TS),
            "open": pa.array(np.round(open_, 8)),
            "high": pa.array(high),
            "low": pa.array(low),
            "close": pa.array(np.round(close, 8)),
            "volume": pa.array(volume),
        }
    )
    return rows.filter(pa.array(rng.random(count) >= missing))


def fill(
    store: Store,
    trades: BySymbol | None = None,
    quotes: BySymbol | None = None,
    candles: BySymbolAndInterval | None = None,
) -> Commit:
    """Writes tables by "venue:code" (candles by ("venue:code", interval)) in one transaction."""
    with store.begin() as transaction:
        for table, tables in (("ticks", trades), ("quotes", quotes)):
            for symbol, rows in (tables or {}).items():
                venue, code = symbol.split(":", 1)
                transaction.add(table, venue, code, rows)
        for (symbol, interval), rows in (candles or {}).items():
            venue, code = symbol.split(":", 1)
            transaction.add("ohlcv", venue, code, rows, interval)
        return transaction.commit()
