"""Live files merged and folded beside the feed: written in a room of their own, and put in place under the lock."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pyarrow as pa

from tapeql.errors import StoreError
from tapeql.limits import LIVE_FOLD_PLACES, LIVE_SEGMENT_ROWS
from tapeql.storage import staging
from tapeql.storage.entries import entries_of
from tapeql.storage.files import write_file
from tapeql.storage.lake_files import LakeFiles
from tapeql.storage.layout import partition_span
from tapeql.storage.manifest import Entry
from tapeql.storage.schema import TABLES, Table
from tapeql.storage.snapshot import LIVE
from tapeql.storage.staging import Place, Room
from tapeql.storage.stretches import joined, of_entries

_DAY_US: Final = 86_400_000_000
_TOGETHER: Final = 4
"""Files of one size that are merged into one of the next, which holds as many times the rows."""


class Rewriter:
    """Puts what is written anew in the place of what it was made of, if all of that is of the table still.

    Raises StoreError; then the table is what it was.
    """

    def __init__(self, lake: LakeFiles) -> None:
        self._lake = lake
        self._turn = threading.Lock()

    def merge_all(self) -> None:
        """Merges live files until no four are of one size."""
        for table in TABLES.values():
            merged = False
            while self._merge(table):
                merged = True
            if merged:
                # It needed many times what a feed does, and the next one may be minutes away.
                pa.default_memory_pool().release_unused()

    def fold(self, venue: str, before_day: int) -> int:
        """Folds the live stretches of partitions that end by a day into files of their own; returns how many."""
        end_us = before_day * _DAY_US
        places = [
            place
            for place in self._lake.current().live_places(venue)
            if partition_span(place[0][0], "", place[1])[1] <= end_us
        ]
        for start in range(0, len(places), LIVE_FOLD_PLACES):
            while not self._fold(places[start : start + LIVE_FOLD_PLACES]):
                pass
        return len(places)

    def _merge(self, table: Table) -> bool:
        with self._room() as room:
            current = self._lake.current()
            old = current.stretches(crowded(current.live(table.name)))
            if not old:
                return False
            new = joined(table, of_entries(self._lake.path, table, old)).write(room, "merged", table)
            return self._put(room, old, new, lambda entry, number: f"{LIVE}/{table.name}/{number:012}.parquet")

    def _fold(self, places: Sequence[Place]) -> bool:
        """False where others wrote the same rows anew meanwhile."""
        with self._room() as room:
            current = self._lake.current()
            old: list[Entry] = []
            new: list[Entry] = []
            for number, (series, partition) in enumerate(places):
                entries = current.entries(series, partition)
                if any(entry.is_live for entry in entries):
                    table = TABLES[series[0]]
                    rows = self._lake.stored(table, entries)
                    write_file(room / str(number), table, rows)
                    new += entries_of(table, rows, [(series, partition)], [0], str(number))
                    old += entries
            return not new or self._put(
                room, old, new, lambda entry, number: self._lake.free_name(entry.series, entry.partition, number)
            )

    @contextmanager
    def _room(self) -> Iterator[Path]:
        try:
            with self._turn, Room(self._lake.path / staging.FOLDER) as room:
                yield room
        except OSError as error:
            raise StoreError(f"{self._lake.path} cannot be written: {error.strerror or error}") from error

    def _put(self, room: Path, old: Sequence[Entry], new: Sequence[Entry], name: Callable[[Entry, int], str]) -> bool:
        with self._lake.writing() as current:
            if not current.stand(old):
                return False
            paths: dict[str, str] = {}
            for entry in new:
                if entry.path not in paths:
                    paths[entry.path] = name(entry, current.number + 1)
                    final = self._lake.path / paths[entry.path]
                    final.parent.mkdir(parents=True, exist_ok=True)
                    os.rename(room / entry.path, final)
            self._lake.publish(current, [replace(entry, path=paths[entry.path]) for entry in new], old)
        return True


def crowded(files: Mapping[str, int]) -> list[str]:
    """Of live files with these numbers of rows those to merge: four of one size, and all that are smaller.

    Sizes are powers of four. Files half as large as they may become stay as they are.
    """
    small = {path: (rows.bit_length() - 1) // 2 for path, rows in files.items() if rows < LIVE_SEGMENT_ROWS // 2}
    for size in sorted(set(small.values())):
        if list(small.values()).count(size) >= _TOGETHER:
            return [path for path, own in small.items() if own <= size]
    return []
