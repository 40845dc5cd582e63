"""Throughput of the journal: payloads appended in groups, each group on disk before the next, then read back.

    python -m benchmarks.journal [--frames 500_000] [--size 200] [--group 500] [--folder DIR]

CPU seconds beside wall seconds: the difference is the disk.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable

from tapeql.collect.journal import Journal


def measured(what: str, frames: int, size: int, run: Callable[[], None]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"{what:8} {frames / wall:12,.0f} frames/s {frames * size / wall / 1e6:8.1f} MB/s   "
        f"wall {wall:.2f} s, CPU {cpu:.2f} s ({frames / cpu:,.0f} frames per CPU second)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=500_000)
    parser.add_argument("--size", type=int, default=200, help="bytes of a payload")
    parser.add_argument("--group", type=int, default=500, help="payloads of an append")
    parser.add_argument("--folder", help="on the disk to measure; the temporary folder's by default")
    asked = parser.parse_args()
    group = [os.urandom(asked.size) for _ in range(asked.group)]
    rounds = asked.frames // asked.group
    frames = rounds * asked.group

    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        journal = Journal(folder)

        def append() -> None:
            for _ in range(rounds):
                journal.append(group)

        def read() -> None:
            assert sum(1 for _ in journal.read(0)) == frames

        def reopen() -> None:
            journal.close()
            Journal(folder).close()

        print(f"{frames:,} payloads of {asked.size} bytes in groups of {asked.group}")
        measured("append", frames, asked.size, append)
        measured("read", frames, asked.size, read)
        start = time.perf_counter()
        reopen()
        print(f"recovery {1000 * (time.perf_counter() - start):.0f} ms")


if __name__ == "__main__":
    main()
