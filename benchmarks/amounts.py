"""Bars by amount and volume profiles, against polars on the same files where it can say them.

    python -m benchmarks.amounts [--trades 5_000_000] [--days 10] [--rounds 5] [--lake DIR]

One symbol around the clock, in turn; the medians of the rounds. CPU and wall seconds, and both as ratios with polars = 1: below 1 is
cheaper. Bars whose beginning hangs on the one before have no group in polars; they stand alone.
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
from benchmarks.contenders import files
from benchmarks.in_turn import against_polars, timed

TICKS, STEP = 1000, 1.0
ALONE = (
    "CANDLES 500 volume",
    "CANDLES 1_000_000 notional",
    "CANDLES 1 renko",
    "CANDLES 1 range",
    "VWAP 1m BANDS 1, 2",
    "TWAP 1m",
)


def _trades(lake: Path) -> pl.LazyFrame:
    return pl.scan_parquet([path for paths in files(lake).values() for path in paths])


def bars_of_ticks(lake: Path) -> int:
    price, quantity = pl.col("price"), pl.col("quantity")
    day = pl.col("ts").dt.date().alias("day")
    number = (pl.int_range(pl.len()).over(day) // TICKS).alias("number")
    told = [
        price.first().alias("open"), price.max().alias("high"), price.min().alias("low"), price.last().alias("close"),
        quantity.sum().alias("volume"), pl.len().alias("trades"), ((price * quantity).sum() / quantity.sum()).alias("vwap"),
        pl.col("ts").first().alias("ts_open"), pl.col("ts").last().alias("ts_close"),
    ]  # fmt: skip
    rows = _trades(lake).select("ts", "price", "quantity", day, number)
    return rows.group_by("day", "number", maintain_order=True).agg(told).collect().height


def profile(lake: Path) -> int:
    quantity, side = pl.col("quantity"), pl.col("side")
    told = [quantity.sum().alias("volume"), pl.len().alias("trades")]
    told += [quantity.filter(side == of).sum().alias(of) for of in ("buy", "sell")]
    level = (pl.col("price") / STEP).floor().alias("level")
    return _trades(lake).group_by(level).agg(told).sort("level").collect().height


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=5_000_000)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lake", type=Path, help="where the lake is, or is made and left")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeql-amounts-") as made:
        lake = asked.lake or Path(made) / "lake"
        tape.build(lake, 1, asked.trades, asked.days)
        db = tapeql.connect(str(lake))

        def ours(verb: str) -> Callable[[], int]:
            return lambda: db.query(f"{verb} FROM {tape.VENUE}:* KEEP partial").num_rows

        pairs = {
            f"CANDLES {TICKS} ticks": (ours(f"CANDLES {TICKS} ticks"), lambda: bars_of_ticks(lake)),
            f"PROFILE STEP {STEP}": (
                lambda: db.query(f"PROFILE STEP {STEP} FROM {tape.VENUE}:*").num_rows,
                lambda: profile(lake),
            ),
        }
        against_polars(pairs, asked.rounds)
        for name in ALONE:
            call = ours(name)
            rows = call()
            wall, cpu = map(median, zip(*(timed(call) for _ in range(asked.rounds)), strict=True))
            print(f"| {name}: {rows:,} rows | {cpu:.2f} | | | {wall:.2f} | | |")


if __name__ == "__main__":
    main()
