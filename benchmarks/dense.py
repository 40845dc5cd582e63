"""Bars nearly as many as trades, and trades picked from many, against polars on the same files.

    python -m benchmarks.dense [--trades 12_000_000] [--days 30] [--rounds 7] [--lake DIR]

One symbol, thirty days, in turn; the medians of the rounds. CPU and wall seconds, and both as ratios with polars = 1: below 1 is
cheaper. Last, what pyarrow takes to read the columns that bars need.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import polars as pl

import tapeql
from benchmarks import tape
from benchmarks.contenders import CONTENDERS, files
from benchmarks.in_turn import against_polars, timed

LARGER = 2


NARROW, WIDE = ["ts", "price", "quantity"], ["ts", "seq", "price", "quantity", "side"]


def filtered_polars(lake: Path, columns: list[str]) -> int:
    paths = [path for paths in files(lake).values() for path in paths]
    return pl.scan_parquet(paths).select(columns).filter(pl.col("quantity") > LARGER).collect().height


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=12_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--lake", type=Path, help="where the lake is, or is made and left")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeql-dense-") as made:
        lake = asked.lake or Path(made) / "lake"
        tape.build(lake, 1, asked.trades, asked.days)
        db = tapeql.connect(str(lake))

        def ours(sentence: str) -> Callable[[], int]:
            return lambda: db.query(sentence).num_rows

        pairs: dict[str, tuple[Callable[[], int], Callable[[], int]]] = {
            f"CANDLES {interval}": (
                ours(f"CANDLES {interval} FROM {tape.VENUE}:*"),
                lambda interval=interval: CONTENDERS["polars"](lake, interval),  # type: ignore[misc]
            )
            for interval in ("1s", "1m")
        }
        for columns in (NARROW, WIDE):
            picked = f"WHERE quantity > {LARGER} SELECT {', '.join(columns)}"
            pairs[f"TICKS {picked}"] = (
                ours(f"TICKS FROM {tape.VENUE}:* {picked}"),
                lambda columns=columns: filtered_polars(lake, columns),  # type: ignore[misc]
            )
        floor = lambda: CONTENDERS["reading"](lake, "")  # noqa: E731
        against_polars(pairs, asked.rounds)
        wall, cpu = map(median, zip(*(timed(floor) for _ in range(asked.rounds)), strict=True))
        print(f"\nreading ts, price, quantity by pyarrow: {cpu:.2f} CPU s, {wall:.2f} s")


if __name__ == "__main__":
    main()
