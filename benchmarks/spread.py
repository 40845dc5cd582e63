"""Time-weighted spread of each minute from the quotes of one symbol, against decoding those quotes and against DuckDB.

python -m benchmarks.spread [--rounds 5] [--lake DIR]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import tape
from benchmarks.measure import interleaved


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quotes", type=int, default=2_000_000)
    parser.add_argument("--lake", type=Path, default=Path(tempfile.gettempdir()) / "tapeql-benchmark-quotes")
    asked = parser.parse_args()
    tape.build(asked.lake, 1, 100_000, 10, quotes=asked.quotes)
    tape.build(asked.lake.with_name(asked.lake.name + "-warm"), 1, 2_000, 2, quotes=2_000)
    runs = interleaved(["quotes_decode", "spread_kernel", "spread_duckdb"], asked.lake, "1m", asked.rounds)
    unit = runs["quotes_decode"]
    print(f"{asked.quotes:,} quotes, medians of {asked.rounds} runs in turn\n")
    print("| spread_pct per minute | CPU | wall | peak memory |\n|---|---|---|---|")
    for name, run in sorted(runs.items(), key=lambda item: item[1].cpu_s):
        print(f"| {name} | {run.cpu_s / unit.cpu_s:.2f}x | {run.wall_s / unit.wall_s:.2f}x | {run.peak_mb:.0f} MB |")


if __name__ == "__main__":
    main()
