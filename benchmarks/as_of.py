"""Trades beside the quotes that prevailed, against decoding both and against polars' join_asof on the same files.

    python -m benchmarks.as_of [--trades 5000000] [--quotes 2000000] [--days 5] [--rounds 5] [--threads 1]

In turn, each the best of the rounds; wall and CPU seconds, decoding = 1. polars joins file by file, and its threads are told by
POLARS_MAX_THREADS, which is set to --threads.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import tapeql
from benchmarks.in_turn import above_floor
from tapeql.storage.lake import Lake

DAY_US = 86_400_000_000
FIRST_DAY = 20_000
NEEDED = {"ticks": ["ts", "price"], "quotes": ["ts", "bid", "ask"]}


def build(folder: Path, trades: int, quotes: int, days: int) -> dict[str, list[Path]]:
    random = np.random.default_rng(5)
    for day in range(days):

        def instants(count: int, day: int = day) -> pa.Array:
            us = (FIRST_DAY + day) * DAY_US + np.sort(random.integers(0, DAY_US, count))
            return pa.array(us, pa.timestamp("us", tz="UTC"))

        def walk(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
            return np.round(100 + np.cumsum(random.standard_normal(count)) * 0.01, 2)

        count = trades // days
        ticks = {"ts": instants(count), "price": walk(count), "quantity": np.round(random.random(count), 3)}
        Lake(folder).write("ticks", "binance", "X", pa.table(ticks))
        count = quotes // days
        bid = walk(count)
        sizes = {f"{side}_size": np.round(random.random(count), 3) for side in ("bid", "ask")}
        Lake(folder).write(
            "quotes", "binance", "X", pa.table({"ts": instants(count), "bid": bid, "ask": bid + 0.01, **sizes})
        )
    return {table: sorted((folder / table).rglob("*.parquet")) for table in NEEDED}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=5_000_000)
    parser.add_argument("--quotes", type=int, default=2_000_000)
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    os.environ["POLARS_MAX_THREADS"] = str(asked.threads)
    import polars as pl

    with tempfile.TemporaryDirectory(prefix="tapeql-as-of-") as made:
        files = build(Path(made) / "lake", asked.trades, asked.quotes, asked.days)
        db = tapeql.connect(Path(made) / "lake")
        db.query(f"SET threads = {asked.threads}")

        def decoded() -> int:
            return sum(
                pq.ParquetFile(path).read(NEEDED[table], use_threads=asked.threads > 1).num_rows
                for table, paths in files.items()
                for path in paths
            )

        def joined() -> list[pl.DataFrame]:
            return [
                pl.read_parquet(t, columns=NEEDED["ticks"])
                .set_sorted("ts")
                .join_asof(pl.read_parquet(q, columns=NEEDED["quotes"]).set_sorted("ts"), on="ts")
                for t, q in zip(files["ticks"], files["quotes"], strict=True)
            ]

        def asked_of_us() -> pa.Table:
            return db.query("TICKS FROM binance:X ASOF QUOTES SELECT ts, price, bid, ask")

        calls: dict[str, Callable[[], object]] = {
            "pyarrow decodes both": decoded,
            "TICKS … ASOF QUOTES SELECT ts, price, bid, ask": asked_of_us,
            "polars reads and join_asof": joined,
        }
        above_floor(calls, asked.rounds, "decoding")
        ticks, quotes = (pl.concat([pl.read_parquet(p, columns=NEEDED[t]) for p in files[t]]) for t in NEEDED)
        theirs, ours = ticks.join_asof(quotes, on="ts").to_arrow(), asked_of_us()
        same = all(theirs[name].to_pylist() == ours[name].to_pylist() for name in ("price", "bid", "ask"))
    print(f"joined over all files, polars has the same rows: {same}")


if __name__ == "__main__":
    main()
