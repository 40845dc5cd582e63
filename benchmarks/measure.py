"""Runs a contender alone in a fresh process and tells what it took: wall and CPU seconds, peak memory.

python -m benchmarks.measure CONTENDER LAKE INTERVAL
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Run:
    """wall_s, cpu_s of the measured call, imports and a first small call excluded; peak_mb of its whole process."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    rows: int


def in_process(name: str, lake: Path, interval: str) -> Run:
    """A first call on another, small lake pays for imports and caches; then the measured one."""
    from benchmarks.contenders import CONTENDERS

    run = CONTENDERS[name]
    run(lake.with_name(lake.name + "-warm"), interval)
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    rows = run(lake, interval)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu, after.ru_maxrss / 1024, rows)


def alone(name: str, lake: Path, interval: str) -> Run:
    command = [sys.executable, "-m", "benchmarks.measure", name, str(lake), interval]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    return Run(**json.loads(done.stdout.strip().splitlines()[-1]))


def interleaved(names: list[str], lake: Path, interval: str, rounds: int) -> dict[str, Run]:
    """The medians of `rounds` runs of each contender, taken in turn so that a slow minute hurts all alike."""
    runs: dict[str, list[Run]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            runs[name].append(alone(name, lake, interval))
    return {
        name: Run(
            median(r.wall_s for r in taken),
            median(r.cpu_s for r in taken),
            median(r.peak_mb for r in taken),
            taken[0].rows,
        )
        for name, taken in runs.items()
    }


if __name__ == "__main__":
    taken = in_process(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
    print(json.dumps({"wall_s": taken.wall_s, "cpu_s": taken.cpu_s, "peak_mb": taken.peak_mb, "rows": taken.rows}))
