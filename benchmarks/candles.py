"""1m and 1h candles of ten symbols from trades in the lake, against the other tools on the same files.

    python -m benchmarks.candles [--trades 50_000_000] [--rounds 5] [--lake DIR]

CPU seconds are the figure to compare: machines differ in cores and in what else they do.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import tape
from benchmarks.measure import interleaved

TOOLS = ["floor", "tapeql", "tapeql_sql", "duckdb_sql", "polars", "polars_streaming", "pandas", "chdb"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trades", type=int, default=50_000_000)
    parser.add_argument("--symbols", type=int, default=10)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lake", type=Path, default=Path(tempfile.gettempdir()) / "tapeql-benchmark")
    parser.add_argument("--only", nargs="*", default=TOOLS)
    asked = parser.parse_args()
    tape.build(asked.lake, asked.symbols, asked.trades, asked.days, quotes=2_000_000)
    tape.build(asked.lake.with_name(asked.lake.name + "-warm"), 2, 20_000, 2, quotes=2_000)
    print(
        f"{asked.trades:,} trades, {asked.symbols} symbols, {asked.days} days, medians of {asked.rounds} runs in turn\n"
    )
    for interval in ("1m", "1h"):
        runs = interleaved(asked.only, asked.lake, interval, asked.rounds)
        unit = runs.get("tapeql") or next(iter(runs.values()))
        print(f"| candles {interval} | CPU | wall | peak memory | CPU s |")
        print("|---|---|---|---|---|")
        for name, run in sorted(runs.items(), key=lambda item: item[1].cpu_s):
            print(
                f"| {name} | {run.cpu_s / unit.cpu_s:.2f}x | {run.wall_s / unit.wall_s:.2f}x "
                f"| {run.peak_mb:.0f} MB | {run.cpu_s:.2f} |"
            )
        print(f"\nrows: {sorted({run.rows for run in runs.values()})}\n", flush=True)


if __name__ == "__main__":
    main()
