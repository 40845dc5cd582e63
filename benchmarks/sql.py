"""`SET engine = sql` against what a good user writes by hand in DuckDB: plain candles of one symbol, in turn.

    python -m benchmarks.sql [--trades 5_000_000] [--rounds 5] [--lake DIR]

Goal: at most three times the CPU seconds of the hand-written statement.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import tape
from benchmarks.measure import interleaved

BY_HAND, OURS = "duckdb_sql", "tapeql_sql"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trades", type=int, default=5_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lake", type=Path, default=Path(tempfile.gettempdir()) / "tapeql-benchmark-sql")
    asked = parser.parse_args()
    tape.build(asked.lake, 1, asked.trades, asked.days)
    tape.build(asked.lake.with_name(asked.lake.name + "-warm"), 1, 20_000, 2)
    print("| candles | by hand, CPU s | by TapeQL, CPU s | CPU | wall |")
    print("|---|---|---|---|---|")
    for interval in ("1m", "1h"):
        runs = interleaved([BY_HAND, OURS], asked.lake, interval, asked.rounds)
        hand, ours = runs[BY_HAND], runs[OURS]
        assert hand.rows == ours.rows, "both must answer the same bars"
        print(
            f"| {interval} | {hand.cpu_s:.2f} | {ours.cpu_s:.2f} "
            f"| {ours.cpu_s / hand.cpu_s:.2f}x | {ours.wall_s / hand.wall_s:.2f}x |"
        )


if __name__ == "__main__":
    main()
