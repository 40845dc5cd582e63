"""A writer to be killed: appends numbered groups to a journal and says so, until it dies.

python -m tests.collect.journal_writer JOURNAL FIRST
"""

from __future__ import annotations

import sys

from tapeql.collect.journal import Journal

GROUP = 7


def payload(number: int) -> bytes:
    """One that is recognised, of a length of its own."""
    return b"%d:" % number + b"x" * (number * 37 % 1000)


def main(folder: str, first: int) -> None:
    with Journal(folder, segment_bytes=64 * 1024) as journal:
        number = first
        while True:
            journal.append([payload(n) for n in range(number, number + GROUP)])
            number += GROUP
            print(number - 1, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
