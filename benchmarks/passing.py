"""Stored candles asked for on their own grid, against reading the same columns of the same files with pyarrow.

    python -m benchmarks.passing [--bars 4200000] [--rounds 5] [--threads 1]

One column of 1m candles of one symbol, in turn with the floor; wall and CPU seconds, the best of the rounds.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import tapeql
from benchmarks.in_turn import above_floor
from tapeql.storage.lake import Lake

MINUTE_US = 60_000_000
FIRST_US = 25_000_000 * MINUTE_US


def build(folder: Path, bars: int) -> list[Path]:
    random = np.random.default_rng(5)
    close = 100 + np.cumsum(random.standard_normal(bars)) * 0.01
    candles = {
        "ts": pa.array(FIRST_US + np.arange(bars) * MINUTE_US, pa.timestamp("us", tz="UTC")),
        "open": close,
        "high": close + 1,
        "low": close - 1,
        "close": close,
        "volume": random.random(bars),
    }
    Lake(folder).write("ohlcv", "binance", "X", pa.table(candles), "1m")
    return sorted((folder / "ohlcv").rglob("*.parquet"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=4_200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeql-passing-") as made:
        files = build(Path(made) / "lake", asked.bars)
        db = tapeql.connect(Path(made) / "lake")
        db.query(f"SET threads = {asked.threads}")
        calls: dict[str, Callable[[], object]] = {
            "pyarrow reads ts, close": lambda: [pq.ParquetFile(path).read(["ts", "close"]) for path in files],
            "CANDLES 1m … SELECT close": lambda: db.query("CANDLES 1m FROM binance:X SELECT close"),
        }
        above_floor(calls, asked.rounds, "floor")


if __name__ == "__main__":
    main()
