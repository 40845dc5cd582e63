"""A writer to be killed: commits marked rows to three symbols and says so, until it dies.

python -m tests.storage.writer LAKE FIRST [GUARD]: GUARD "torn" publishes manifests in place, "unlocked" takes no lock,
"stop" halts just before publishing, "steps" commits the symbols one by one.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tapeql.storage import lake as lake_module
from tapeql.storage.lake import Lake
from tapeql.storage.manifest import FOLDER, Manifest
from tests import tapes

SYMBOLS = ("A", "B", "C")
DAY_US = 86_400_000_000
ROWS = 400


def marked(number: int) -> pa.Table:
    """Rows of one commit, over two days, recognised by their price."""
    start = tapes.us("2025-03-10")
    return tapes.ticks([(start + i * (2 * DAY_US // ROWS) + number, float(number), 1.0) for i in range(ROWS)])


def torn_publish(self: Manifest, lake: Path) -> None:
    """What a manifest written under its own name looks like for a moment."""
    folder = lake / FOLDER
    folder.mkdir(exist_ok=True)
    sink = pa.BufferOutputStream()
    pq.write_table(self._listing, sink)
    content = sink.getvalue().to_pybytes()
    with open(folder / f"{self.number:012}.parquet", "wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        if self.number > 1:
            say("half")
            time.sleep(60)
        file.write(content[len(content) // 2 :])


def stopped_publish(self: Manifest, lake: Path) -> None:
    say("about")
    time.sleep(60)


_publish = Manifest.publish


def slow_publish(self: Manifest, lake: Path) -> None:
    """Leaves another writer time to do the same."""
    time.sleep(0.1)
    _publish(self, lake)


class NoLock(contextlib.AbstractContextManager["NoLock"]):
    died = False

    def __init__(self, *_: Any) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def say(word: str) -> None:
    print(word, flush=True)


def main(path: str, first: int, guard: str, count: int) -> None:
    lake = Lake(path)
    if guard == "torn":
        Manifest.publish = torn_publish  # type: ignore[method-assign]
    if guard == "unlocked":
        vars(lake_module)["FileLock"] = NoLock
        Manifest.publish = slow_publish  # type: ignore[method-assign]
    say("ready")
    sys.stdin.readline()
    for number in range(first, first + count):
        if guard == "stop" and number > first:
            Manifest.publish = stopped_publish  # type: ignore[method-assign]
        if guard == "steps":
            for code in SYMBOLS:
                lake.write("ticks", "x", code, marked(number))
                say(f"step {number}")
        else:
            tapes.fill(lake, trades={f"x:{code}": marked(number) for code in SYMBOLS})
        say(f"done {number}")


if __name__ == "__main__":
    main(
        sys.argv[1],
        int(sys.argv[2]),
        sys.argv[3] if len(sys.argv) > 3 else "",
        int(sys.argv[4]) if len(sys.argv) > 4 else 10**6,
    )
