"""A cold `tapeql query`, as a shell starts it, against importing the packages that its answer needs.

    python -m benchmarks.start [--rounds 7]

Processes in turn, medians of wall and CPU seconds. `first` has nothing kept from a start before (`TAPEQL_CACHE=off`).
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pyarrow as pa

from tapeql.storage.lake import Lake

DAY_US = 86_400_000_000
BASE = "import numpy, pyarrow, duckdb"


def build(path: Path) -> None:
    """A day of trades of two symbols, around the clock and with sessions."""
    random = np.random.default_rng(5)
    for venue, code in (("binance", "BTCUSDT"), ("nasdaq", "AAPL")):
        ts = np.sort(random.integers(14 * 3_600_000_000, 20 * 3_600_000_000, 10_000)) + 20_101 * DAY_US
        rows = {"ts": pa.array(ts, pa.timestamp("us", tz="UTC")), "price": 100 + random.random(10_000)}
        Lake(path).write("ticks", venue, code, pa.table({**rows, "quantity": np.ones(10_000)}))


def taken(command: list[str], environ: dict[str, str]) -> tuple[float, float]:
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environ, check=True, capture_output=True)
    wall_s, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeql-start-") as made:
        folder = Path(made)
        build(folder / "lake")
        # As installed: compiled modules are kept, of all packages alike.
        environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environ |= {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "TAPEQL_CACHE": str(folder / "kept")}
        ask = [sys.executable, "-m", "tapeql", "--lake", str(folder / "lake"), "query"]
        contenders = {
            BASE: ([sys.executable, "-c", BASE], environ),
            "tapeql --help": ([sys.executable, "-m", "tapeql", "--help"], environ),
            "CANDLES 1h, around the clock": ([*ask, "CANDLES 1h FROM binance:BTCUSDT"], environ),
            "CANDLES 1h, with sessions": ([*ask, "CANDLES 1h FROM nasdaq:AAPL"], environ),
            "the same with rsi(14)": ([*ask, "CANDLES 1h FROM nasdaq:AAPL ADD rsi(14)"], environ),
            "SHOW symbols": ([*ask, "SHOW symbols"], environ),
            "the first, with sessions": ([*ask, "CANDLES 1h FROM nasdaq:AAPL"], environ | {"TAPEQL_CACHE": "off"}),
        }
        runs: dict[str, list[tuple[float, float]]] = {name: [] for name in contenders}
        for round_ in range(asked.rounds + 1):
            for name, (command, env) in contenders.items():
                spent = taken(command, env)
                if round_:  # the one before fills the caches
                    runs[name].append(spent)
    base_wall, base_cpu = (median(values) for values in zip(*runs[BASE], strict=True))
    print("| | wall s | CPU s | times the imports (wall) | (CPU) |\n|---|---|---|---|---|")
    for name, each in runs.items():
        wall_s, cpu_s = (median(values) for values in zip(*each, strict=True))
        print(f"| {name} | {wall_s:.2f} | {cpu_s:.2f} | {wall_s / base_wall:.1f} | {cpu_s / base_cpu:.1f} |")


if __name__ == "__main__":
    main()
