"""What a query costs when a lake has more symbols: the catalogue, one symbol's bars, and a daily bar of every symbol.

    python -m benchmarks.growth [--symbols 100 1000 4000] [--lake DIR]

Each symbol has a few trades. `pyarrow` reads the same rows from a file a symbol, one after another, and computes nothing:
the floor under a scan of every symbol. CPU milliseconds a call, the best of three; the last column says how a call grew by its
symbols (1.0: in proportion, 0: not at all).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from math import log
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import tapeql
from tapeql.storage.files import write_file
from tapeql.storage.lake import Lake
from tapeql.storage.rows import conform
from tapeql.storage.schema import TICKS

VENUE = "nyse"
DAY_US = 86_400_000_000
FIRST_DAY = 20_101  # Monday, 2025-01-13
OPEN_US = 14 * 3_600_000_000 + 1_800_000_000
TRADES = 200
"""A symbol's: costs of a symbol are meant, not of a trade."""


def build(folder: Path, symbols: int) -> Path:
    lake = Lake(folder / f"lake-{symbols}")
    apart = folder / f"files-{symbols}"
    random = np.random.default_rng(3)
    if lake.exists():
        return lake.path
    with lake.begin() as rows:
        for n in range(symbols):
            ts = np.sort(random.integers(0, 6 * 3_600_000_000, TRADES)) + FIRST_DAY * DAY_US + OPEN_US
            trades = {
                "ts": pa.array(ts, pa.timestamp("us", tz="UTC")),
                "price": np.round(100 + random.standard_normal(TRADES), 2),
                "quantity": np.ones(TRADES),
            }
            rows.add("ticks", VENUE, f"S{n:05d}", pa.table(trades))
            write_file(apart / f"S{n:05d}.parquet", TICKS, conform(TICKS, pa.table(trades)))
        rows.commit()
    return lake.path


def best(call: Callable[[], object]) -> float:
    """CPU milliseconds of the cheapest of three calls."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        call()
        taken.append(time.process_time() - begin)
    return 1000 * min(taken)


def measured(lake: Path) -> dict[str, float]:
    files = sorted(lake.with_name(lake.name.replace("lake", "files")).glob("*.parquet"))
    db = tapeql.connect(str(lake))
    queries = {
        "SHOW symbols": "SHOW symbols",
        "one symbol's hours": f"CANDLES 1h FROM {VENUE}:S00007",
        "FROM a symbol unknown": f"CANDLES 1h FROM {VENUE}:S99999X",
        "schema of all days": f"DESCRIBE CANDLES 1d FROM {VENUE}:*",
        "a day of every symbol": f"CANDLES 1d FROM {VENUE}:*",
    }

    def ask(text: str) -> None:
        try:
            db.query(text)
        except tapeql.QueryError:
            return

    taken = {name: best(lambda text=text: ask(text)) for name, text in queries.items()}  # type: ignore[misc]
    columns = ["ts", "price", "quantity"]
    taken["files by pyarrow"] = best(lambda: [pq.ParquetFile(path).read(columns) for path in files])
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, nargs="+", default=[100, 1000, 4000])
    parser.add_argument("--lake", type=Path, help="where the lakes are, or are made and left")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeql-growth-") as made:
        folder = asked.lake or Path(made)
        found = {count: measured(build(folder, count)) for count in asked.symbols}
    first, last = asked.symbols[0], asked.symbols[-1]
    print("| CPU ms, with symbols: | " + " | ".join(f"{count:,}" for count in asked.symbols) + " | growth |")
    print("|---" * (len(asked.symbols) + 2) + "|")
    for name in found[first]:
        cells = " | ".join(f"{found[count][name]:,.1f}" for count in asked.symbols)
        growth = log(found[last][name] / found[first][name]) / log(last / first) if last > first else 0.0
        print(f"| {name} | {cells} | {growth:.2f} |")
    scan, floor = (found[last][name] for name in ("a day of every symbol", "files by pyarrow"))
    print(f"\na day of every symbol costs {scan / floor:.1f} times reading a file a symbol")


if __name__ == "__main__":
    main()
