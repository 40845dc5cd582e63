"""The memory of a collector at a steady load: quotes, trades and books of ten symbols into a lake.

    python -m benchmarks.soak [--minutes 10] [--rate 3000]

Resident memory every five seconds; the first quarter is warm-up. A leak of one object a message would be megabytes a
minute. Venue time runs several times as fast as ours and passes midnight, so days are sealed too.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

from benchmarks.daemons import KINDS, collector, simulator, taken

SYMBOLS = [f"SYM{n}USDT" for n in range(10)]
EVERY_S = 5.0
KEEP = 20_000


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    collector_mb: float
    exchange_mb: float
    frames: int
    waiting_mb: float


def sampled(minutes: float, rate: float, folder: Path) -> tuple[list[Sample], float]:
    """The samples, and the CPU seconds the collector took for the last one's frames."""
    with (
        simulator(SYMBOLS, "--rate", str(rate), "--keep", str(KEEP)) as exchange,
        collector(SYMBOLS, KINDS, exchange.environ(), folder) as collecting,
    ):
        collecting.live(len(KINDS))
        begin_s, samples = time.monotonic(), []
        while (at_s := time.monotonic() - begin_s) < minutes * 60:
            said = collecting.status()
            samples.append(
                Sample(
                    at_s,
                    taken(collecting.pid).resident_mb,
                    taken(exchange.pid).resident_mb,
                    said["venues"][0]["frames"],
                    said["journal_depth_bytes"] / 1e6,
                )
            )
            if len(samples) % 12 == 1:
                print(_told(samples[-1]), flush=True)
            time.sleep(EVERY_S)
        return samples, taken(collecting.pid).cpu_s


def _told(sample: Sample) -> str:
    return (
        f"{sample.at_s:5.0f} s  collector {sample.collector_mb:6.1f} MB  exchange {sample.exchange_mb:6.1f} MB  "
        f"{sample.frames:10,} messages  not yet stored {sample.waiting_mb:.2f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=float, default=3000.0, help="messages a second")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeql-soak-") as folder:
        samples, cpu_s = sampled(asked.minutes, asked.rate, Path(folder))
    print(_told(samples[-1]))
    warm = [sample for sample in samples if sample.at_s >= asked.minutes * 60 / 4]
    resident = [sample.collector_mb for sample in warm]
    third = len(warm) // 3
    slope, _ = linear_regression([sample.at_s / 60 for sample in warm], resident)
    print(
        f"\n{(warm[-1].frames - warm[0].frames) / (warm[-1].at_s - warm[0].at_s):,.0f} messages/s, "
        f"{samples[-1].frames / cpu_s:,.0f} per CPU second, start included\n"
        f"resident after warm-up: first {resident[0]:.1f} MB, last {resident[-1]:.1f} MB, most {max(resident):.1f} MB\n"
        f"median of the first third {median(resident[:third]):.1f} MB, of the last {median(resident[-third:]):.1f} MB; "
        f"slope {slope:+.2f} MB/min"
    )


if __name__ == "__main__":
    main()
