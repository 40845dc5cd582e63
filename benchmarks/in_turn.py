"""Calls timed in turn in one process, as ratios of one of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

Call = Callable[[], object]


def timed(call: Call) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - cpu


def against_polars(pairs: Mapping[str, tuple[Call, Call]], rounds: int) -> None:
    """Prints the medians of ours and polars' calls, which must answer alike."""
    print("| | CPU s | polars | CPU, polars = 1 | wall s | polars | wall, polars = 1 |\n" + "|---" * 7 + "|")
    for name, calls in pairs.items():
        assert calls[0]() == calls[1](), name  # and the first call pays for imports
        found = [[timed(call) for call in calls] for _ in range(rounds)]
        (wall, cpu), (their_wall, their_cpu) = (
            map(median, zip(*taken, strict=True)) for taken in zip(*found, strict=True)
        )
        print(
            f"| {name} | {cpu:.2f} | {their_cpu:.2f} | {cpu / their_cpu:.2f} "
            f"| {wall:.2f} | {their_wall:.2f} | {wall / their_wall:.2f} |"
        )


def above_floor(calls: Mapping[str, Call], rounds: int, floor: str) -> None:
    """Prints the best of each call; the first is the floor under the others."""
    found = {name: [timed(call)] for name, call in calls.items()}  # the first pays for imports
    for _ in range(rounds):
        for name, call in calls.items():
            found[name].append(timed(call))
    best = {name: tuple(min(column) for column in zip(*taken[1:], strict=True)) for name, taken in found.items()}
    least = next(iter(best.values()))
    print(f"| | wall s | CPU s | wall, {floor} = 1 | CPU, {floor} = 1 |\n|---|---|---|---|---|")
    for name, (wall, cpu) in best.items():
        print(f"| {name} | {wall:.3f} | {cpu:.3f} | {wall / least[0]:.2f} | {cpu / least[1]:.2f} |")
