"""Reading ahead: the next file is decoded while the caller works on the last one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Read = TypeVar("Read")


def ahead(read: Callable[[Item], Read], items: Sequence[Item]) -> Iterator[Read]:
    """`read` of each item in order, one item ahead in a thread of its own."""
    if not items:
        return
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as pool:
        coming = pool.submit(read, items[0])
        for item in items[1:]:
            done, coming = coming, pool.submit(read, item)
            yield done.result()
        yield coming.result()
