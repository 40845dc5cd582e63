"""Stored candles asked for on their own grid, against reading the same columns of the same files with pyarrow.

    python -m benchmarks.passing [--bars 4200000] [--rounds 5] [--threads 1]

One column of 1m candles of one symbol, in turn with the floor; wall and CPU seconds, the best of the rounds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import tapeql
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


def timed(call: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


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
        found = {name: [timed(call)] for name, call in calls.items()}  # the first pays for imports
        for _ in range(asked.rounds):
            for name, call in calls.items():
                found[name].append(timed(call))
    best = {name: tuple(min(column) for column in zip(*taken[1:], strict=True)) for name, taken in found.items()}
    floor = next(iter(best.values()))
    print("| | wall s | CPU s | wall, floor = 1 | CPU, floor = 1 |\n|---|---|---|---|---|")
    for name, (wall, cpu) in best.items():
        print(f"| {name} | {wall:.3f} | {cpu:.3f} | {wall / floor[0]:.1f} | {cpu / floor[1]:.1f} |")


if __name__ == "__main__":
    main()
