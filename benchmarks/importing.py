"""Files into the lake, against pyarrow, DuckDB and polars writing the same rows to Parquet.

    python -m benchmarks.importing [--trades 20000000] [--symbols 5000] [--rounds 3]

A month of trades as CSV and as Parquet, and a folder with a small CSV file of days for each of many symbols. Each runs in a
process of its own, in turn; CPU seconds of the cheapest round and peak memory. The lake's rows are sorted, told from what
is stored, and durable; the others' are as the file has them. Last, how long it takes to tell what a small file is.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from tapeql.storage.importers.opening import open_sources
from tapeql.storage.importers.recognise import Wishes, recognise

PYARROW_CSV = """
import sys, pyarrow.csv as csv, pyarrow.parquet as pq
rows = csv.open_csv(sys.argv[1], csv.ReadOptions(autogenerate_column_names=True))
with pq.ParquetWriter(sys.argv[2], rows.schema) as out:
    for batch in rows: out.write_batch(batch)
"""
PYARROW_PARQUET = """
import sys, pyarrow.parquet as pq
rows = pq.ParquetFile(sys.argv[1])
with pq.ParquetWriter(sys.argv[2], rows.schema_arrow) as out:
    for batch in rows.iter_batches(): out.write_batch(batch)
"""
DUCKDB = """
import sys, duckdb
duckdb.sql("SET preserve_insertion_order = true")
duckdb.sql(f"COPY (FROM '{sys.argv[1]}') TO '{sys.argv[2]}' (FORMAT parquet)")
"""
POLARS_CSV = """
import sys, polars as pl
pl.scan_csv(sys.argv[1], has_header=False).sink_parquet(sys.argv[2])
"""
POLARS_PARQUET = """
import sys, polars as pl
pl.scan_parquet(sys.argv[1]).sink_parquet(sys.argv[2])
"""
PYARROW_FILES = """
import sys, pathlib, pyarrow.csv as csv
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()): csv.read_csv(path)
"""


CSV, PARQUET = "BTCUSDT-trades-2025-01.csv", "BTCUSDT.parquet"


def trades(folder: Path, count: int) -> None:
    """The same trades as Binance's CSV without a header, and as Parquet."""
    random = np.random.default_rng(1)
    price = np.round(93_576 + np.cumsum(random.standard_normal(count)) / 2, 2)
    quantity = np.round(random.exponential(0.05, count) + 1e-5, 5)
    rows = pa.table(
        {
            "trade_id": np.arange(4_359_390_910, 4_359_390_910 + count),
            "price": price,
            "quantity": quantity,
            "quote_quantity": np.round(price * quantity, 8),
            "ts": 1_735_689_600_000_000 + np.cumsum(random.integers(0, 200_000, count)),
            "buyer_maker": random.random(count) < 0.5,
            "best_match": np.ones(count, np.bool_),
        }
    )
    pa.csv.write_csv(rows, folder / CSV, pa.csv.WriteOptions(include_header=False, quoting_style="none"))
    pq.write_table(rows, folder / PARQUET)


def days(folder: Path, symbols: int) -> Path:
    """A year of daily candles a symbol, a file each."""
    inside = folder / "days"
    inside.mkdir()
    dates = np.arange("2024-01-01", "2024-12-31", dtype="datetime64[D]")
    random = np.random.default_rng(2)
    for n in range(symbols):
        close = np.round(100 + np.cumsum(random.standard_normal(len(dates))), 2)
        bars = (f"{d},{c},{c + 1:.2f},{c - 1:.2f},{c},{1000 + n}" for d, c in zip(dates, close, strict=True))
        (inside / f"S{n:04}_daily.csv").write_text("\n".join(["date,open,high,low,close,volume", *bars, ""]))
    return inside


def ours(source: Path, folder: Path, *flags: str) -> list[str]:
    return [sys.executable, "-m", "tapeql", "--lake", str(folder / "lake"), "import", str(source), *flags]


def theirs(program: str, source: Path, folder: Path) -> list[str]:
    return [sys.executable, "-c", program, str(source), str(folder / "out.parquet")]


def run(command: list[str], folder: Path) -> tuple[float, float]:
    """CPU seconds and peak megabytes of a process."""
    shutil.rmtree(folder / "lake", ignore_errors=True)
    (folder / "out.parquet").unlink(missing_ok=True)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        told = process.stderr.read().decode()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)[:200]} failed:\n{told}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def compare(title: str, commands: dict[str, list[str]], folder: Path, rounds: int) -> None:
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            found[name].append(run(command, folder))
    print(f"\n| {title} | CPU s | pyarrow = 1 | peak MB |\n|---|---|---|---|")
    floor = min(cpu for cpu, _ in found["pyarrow"])
    for name, taken in found.items():
        cpu = min(cpu for cpu, _ in taken)
        print(f"| {name} | {cpu:.1f} | {cpu / floor:.2f} | {max(peak for _, peak in taken):.0f} |")


def recognition(inside: Path) -> None:
    taken = []
    for path in sorted(inside.iterdir())[:500]:
        begun = time.perf_counter()
        for source in open_sources(path):
            recognise(source, Wishes(venue="nasdaq"))
        taken.append(1000 * (time.perf_counter() - begun))
    print(f"\na small file is told in {statistics.median(taken):.1f} ms (slowest of {len(taken)}: {max(taken):.0f} ms)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=20_000_000)
    parser.add_argument("--symbols", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeql-importing-") as made:
        folder = Path(made)
        as_csv, as_parquet = folder / CSV, folder / PARQUET
        # A child's peak is never told below what its parent held.
        building = multiprocessing.get_context("spawn").Process(target=trades, args=(folder, asked.trades))
        building.start()
        building.join()
        csv_programs = {"pyarrow": PYARROW_CSV, "DuckDB": DUCKDB, "polars": POLARS_CSV}
        compare(
            f"{asked.trades:,} trades from CSV",
            {n: theirs(p, as_csv, folder) for n, p in csv_programs.items()} | {"TapeQL": ours(as_csv, folder)},
            folder,
            asked.rounds,
        )
        programs = {"pyarrow": PYARROW_PARQUET, "DuckDB": DUCKDB, "polars": POLARS_PARQUET}
        compare(
            f"{asked.trades:,} trades from Parquet",
            {n: theirs(p, as_parquet, folder) for n, p in programs.items()}
            | {"TapeQL": ours(as_parquet, folder, "--symbol", "binance:BTCUSDT")},
            folder,
            asked.rounds,
        )
        inside = days(folder, asked.symbols)
        compare(
            f"{asked.symbols:,} small CSV files",
            {"pyarrow": theirs(PYARROW_FILES, inside, folder), "TapeQL": ours(inside, folder, "--venue", "nasdaq")},
            folder,
            asked.rounds,
        )
        recognition(inside)


if __name__ == "__main__":
    main()
