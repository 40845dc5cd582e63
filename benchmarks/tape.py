"""A large synthetic tape for measuring: ten symbols, trades and quotes, in a lake written through the front door."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from tapeql.storage.lake import Lake

DAY_US = 86_400_000_000
FIRST_DAY = 20_089  # 2025-01-01
VENUE = "binance"


def codes(symbols: int) -> list[str]:
    return [f"SYM{n:02d}USDT" for n in range(symbols)]


def build(path: Path, symbols: int, trades: int, days: int, quotes: int = 0) -> Lake:
    """A lake of `trades` trades in all, and `quotes` quotes of the first symbol, evenly over symbols and days."""
    lake = Lake(path)
    if lake.exists():
        return lake
    random = np.random.default_rng(7)
    per_day = trades // symbols // days
    for code in codes(symbols):
        price = 100.0
        for day in range(days):
            start = (FIRST_DAY + day) * DAY_US
            ts = np.sort(random.integers(0, DAY_US // 1000, per_day)) * 1000 + start
            steps = random.choice([-0.01, 0.0, 0.0, 0.0, 0.01], per_day)
            prices = np.round(np.maximum(price + np.cumsum(steps), 1.0), 2)
            price = float(prices[-1])
            lake.write("ticks", VENUE, code, _trades(ts, prices, random))
            if quotes and code == codes(1)[0]:
                lake.write("quotes", VENUE, code, _quotes(start, quotes // days, random))
    return lake


def _trades(ts: np.ndarray, price: np.ndarray, random: np.random.Generator) -> pa.Table:
    count = len(ts)
    return pa.table(
        {
            "ts": pa.array(ts, pa.timestamp("us", tz="UTC")),
            "price": price,
            "quantity": np.round(random.exponential(0.5, count) + 0.001, 3),
            "side": pa.array(np.where(random.random(count) < 0.5, "buy", "sell")),
        }
    )


def _quotes(start: int, count: int, random: np.random.Generator) -> pa.Table:
    ts = np.sort(random.integers(0, DAY_US, count)) + start
    bid = np.round(100 + np.cumsum(random.choice([-0.01, 0.0, 0.01], count)), 2)
    return pa.table(
        {
            "ts": pa.array(ts, pa.timestamp("us", tz="UTC")),
            "bid": bid,
            "bid_size": np.round(random.exponential(2, count) + 0.001, 3),
            "ask": np.round(bid + random.integers(1, 5, count) * 0.01, 2),
            "ask_size": np.round(random.exponential(2, count) + 0.001, 3),
        }
    )
