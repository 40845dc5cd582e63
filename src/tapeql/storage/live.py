"""A feed's way into the lake: each append is a small file of all symbols, and small files are merged as they gather.

live/<table>/<commit>.parquet holds a stretch for each symbol and partition. An append takes in the small files that its
rows outweigh, so that a file's rows are written again only when they have doubled, and a day is few files. `seal` folds
a past day's stretches into the one sorted file a symbol and day that an import would have written.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import numpy as np
import pyarrow as pa

from tapeql.limits import LIVE_SEGMENT_ROWS
from tapeql.storage.fed import Batch, gathered
from tapeql.storage.files import read_file
from tapeql.storage.lake import Lake
from tapeql.storage.layout import partition_span
from tapeql.storage.manifest import Entry, Manifest
from tapeql.storage.merge import Merged, free_places, merge, unknown
from tapeql.storage.rows import instants, integers
from tapeql.storage.schema import TABLES, Table
from tapeql.storage.snapshot import LIVE
from tapeql.storage.staging import Place
from tapeql.storage.stores import Commit, Fed, summed
from tapeql.storage.stretches import Stretches, joined, of_entries

_DAY_US: Final = 86_400_000_000


class LakeLiveWriter:
    """Holds nothing but the lake: the lock is taken for each commit, and others may write in between."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def append(self, rows: Fed) -> Commit:
        batches = gathered(rows)
        with self._lake.writing() as current:
            added: list[Entry] = []
            replaced: list[Entry] = []
            counts: list[Merged] = []
            for batch in batches:
                table = batch.table
                fresh, count, stale = (self._rewritten if table.small else self._unknown)(current, batch)
                counts.append(count)
                if fresh is None:
                    continue
                outweighed = _outweighed(current, table, len(fresh.which), stale)
                pieces = [fresh, *of_entries(self._lake.path, table, outweighed)]
                path = f"{LIVE}/{table.name}/{current.number + 1:012}.parquet"
                added += joined(table, pieces).write(self._lake.path, path, table)
                replaced += [*stale, *outweighed]
            number = self._lake.publish(current, added, replaced).number if added else current.number
        return summed(str(number), counts)

    def seal(self, venue: str, before_day: int) -> int:
        folded = 0
        for series, partition in self._lake.current().live_places(venue):
            if partition_span(series[0], "", partition)[1] > before_day * _DAY_US:
                continue
            with self._lake.writing() as current:
                entries = current.entries(series, partition)
                rows = self._lake.stored(TABLES[series[0]], entries)
                folded += 1
                self._lake.publish(
                    current, [self._lake.write_partition(series, partition, current.number + 1, rows)], entries
                )
        return folded

    def _unknown(self, current: Manifest, batch: Batch) -> tuple[Stretches | None, Merged, list[Entry]]:
        """The rows of a batch that are not stored, each with a seq of its own."""
        keep = np.ones(len(batch.ts), np.bool_)
        seq = batch.seq.copy()
        which = np.repeat(np.arange(len(batch.places)), np.diff(batch.starts))
        rising = batch.rising()
        differing = 0
        for number, place, stretch in batch.stretches():
            held = current.held(*place)
            if rising[number] and (
                held is None
                or (
                    held.max_id is not None
                    and held.last_seq is not None
                    and batch.ids[stretch].min() > held.max_id
                    and (batch.ts[stretch.start], batch.seq[stretch.start]) > (held.max_us, held.last_seq)
                )
            ):
                continue
            near = self._near(current, batch, place, stretch)
            mine = batch.rows.slice(stretch.start, stretch.stop - stretch.start)
            keep[stretch], unlike = unknown(batch.table, near, mine)
            differing += unlike
            kept = np.flatnonzero(keep[stretch]) + stretch.start
            moved = seq[kept]
            free_places(instants(near), integers(near.column("seq").combine_chunks()), batch.ts[kept], moved)
            seq[kept] = moved
        added = int(keep.sum())
        merged = Merged(None, added, len(keep) - added, differing=differing)
        if not added:
            return None, merged, []
        rows = batch.rows.set_column(1, batch.table.schema.field("seq"), pa.array(seq))
        if added < len(keep):
            rows, which = rows.filter(pa.array(keep)), which[keep]
        return Stretches(batch.places, which, rows), merged, []

    def _near(self, current: Manifest, batch: Batch, place: Place, stretch: slice) -> pa.Table:
        """Of the stored rows those that could be the same as one of the batch, or take its place in the order."""
        low_us, high_us = batch.ts[stretch.start], batch.ts[stretch.stop - 1]
        ids = batch.ids[stretch]
        low, high = (int(ids[ids >= 0].min()), int(ids.max())) if (ids >= 0).any() else (0, -1)
        near = [
            e
            for e in current.entries(*place)
            if (e.min_us <= high_us and low_us <= e.max_us)
            or (e.min_id is not None and e.max_id is not None and e.min_id <= high and low <= e.max_id)
        ]
        table = batch.table
        columns = [n for n in table.schema.names if n in ("ts", "seq", *table.key, *table.content)]
        pieces = [read_file(self._lake.path / e.path, table, columns, e.first_row, e.rows) for e in near]
        return pa.concat_tables([batch.rows.slice(0, 0).select(columns), *pieces]).combine_chunks()

    def _rewritten(self, current: Manifest, batch: Batch) -> tuple[Stretches | None, Merged, list[Entry]]:
        """The whole partitions the rows of a batch belong to, where they change, and what they take the place of."""
        pieces: list[Stretches] = []
        stale: list[Entry] = []
        counts = []
        for _, place, stretch in batch.stretches():
            old = current.entries(*place)
            stored = self._lake.stored(batch.table, old) if old else None
            merged = merge(batch.table, stored, [batch.rows.slice(stretch.start, stretch.stop - stretch.start)])
            counts.append(merged)
            if merged.rows is not None:
                pieces.append(Stretches([place], np.zeros(merged.rows.num_rows, np.int64), merged.rows))
                stale += old
        total = summed("", counts)
        merged = Merged(None, total.added, total.present, total.replaced, total.differing)
        return joined(batch.table, pieces) if pieces else None, merged, stale


def _outweighed(current: Manifest, table: Table, count: int, stale: Sequence[Entry]) -> list[Entry]:
    """The stretches of the newest live files that hold no more rows than what is written anyway."""
    files = current.live(table.name)
    for entry in stale:
        if entry.is_live:
            files[entry.path] -= entry.rows
    chosen = []
    for path, rows in files.items():
        if rows > count or rows + count > LIVE_SEGMENT_ROWS:
            break
        chosen.append(path)
        count += rows
    gone = {(entry.path, entry.first_row) for entry in stale}
    return [entry for entry in current.stretches(chosen) if (entry.path, entry.first_row) not in gone]
