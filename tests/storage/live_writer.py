"""A feed to be killed: appends numbered rows to two symbols and three tables, seals now and then, and says so.

python -m tests.storage.live_writer STORE FIRST [GUARD]: GUARD "torn" commits each table by itself.
"""

from __future__ import annotations

import sys

from tapeql.storage.stores import open_store
from tests.storage import feeds

ROWS = 40
STEP_US = 400_000_000
"""Ten appends or so a day."""


def main(location: str, first: int, guard: str) -> None:
    store = open_store(location)
    print("ready", flush=True)
    sys.stdin.readline()
    with store.live() as writer:
        for number in range(first, first + 10**6):
            ids = range(number * ROWS, (number + 1) * ROWS)
            rows = {
                (name, "x", code): made(ids, step_us=STEP_US)
                for code in "AB"
                for name, made in (("ticks", feeds.trades), ("quotes", feeds.quotes), ("book", feeds.book))
            }
            rows["gaps", "x", "A"] = feeds.gaps(("g", number))
            for part in [{key: table} for key, table in rows.items()] if guard == "torn" else [rows]:
                writer.append(part)
                if guard == "torn":
                    print("part", flush=True)
            print(f"done {number}", flush=True)
            if number % 3 == 2:
                writer.seal("x", (feeds.START + number * ROWS * STEP_US) // feeds.DAY)
                print(f"sealed {number}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")
