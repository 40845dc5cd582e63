"""A feed's way into the lake: each append is a small file a table, and small files are merged beside it as they gather.

live/<table>/<commit>.parquet holds a stretch for each symbol and partition. When four files are of one size, a thread
merges them: so a file's rows are written again only when they have become four times as many, and a day is few files.
`seal` folds a past day's stretches into the one sorted file a symbol and day that an import would have written.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Final, Self

import numpy as np
import pyarrow as pa

from tapeql.arrow import integers
from tapeql.errors import StoreError
from tapeql.storage.fed import Batch, gathered
from tapeql.storage.files import read_file
from tapeql.storage.lake_files import LakeFiles
from tapeql.storage.manifest import Entry, Held, Manifest
from tapeql.storage.merge import Merged, free_places, merge, unknown
from tapeql.storage.rewriting import Rewriter
from tapeql.storage.rows import instants
from tapeql.storage.snapshot import LIVE
from tapeql.storage.staging import Place
from tapeql.storage.store import Commit, Fed, summed
from tapeql.storage.stretches import Stretches, joined


class LakeLiveWriter:
    """Holds nothing but the lake: the lock is taken for each commit, and others may write in between."""

    pace_s: Final = 0.25

    def __init__(self, lake: LakeFiles) -> None:
        self._lake = lake
        self._rewriter = Rewriter(lake)
        self._grown = threading.Event()
        self._closing = False
        self._merger: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing = True
        self._grown.set()
        if self._merger is not None:
            self._merger.join()

    def append(self, rows: Fed) -> Commit:
        batches = gathered(rows)
        with self._lake.writing() as current:
            added: list[Entry] = []
            replaced: list[Entry] = []
            counts: list[Merged] = []
            for batch in batches:
                fresh, count, stale = (self._rewritten if batch.table.small else self._unknown)(current, batch)
                counts.append(count)
                if fresh is not None:
                    path = f"{LIVE}/{batch.table.name}/{current.number + 1:012}.parquet"
                    added += fresh.write(self._lake.path, path, batch.table)
                    replaced += stale
            number = self._lake.publish(current, added, replaced).number if added else current.number
        if added:
            self._merge_beside()
        return summed(str(number), counts)

    def seal(self, venue: str, before_day: int) -> int:
        return self._rewriter.fold(venue, before_day)

    # ── merging ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _merge_beside(self) -> None:
        self._grown.set()
        if self._merger is None or not self._merger.is_alive():
            self._merger = threading.Thread(target=self._merge_on, name="tapeql-live-merge", daemon=True)
            self._merger.start()

    def _merge_on(self) -> None:
        while not self._closing:
            self._grown.wait()
            self._grown.clear()
            try:
                self._rewriter.merge_all()
            except StoreError:
                # Nothing is lost by it, and a disk that is full is full for the next append too, which says so.
                continue

    # ── what is new ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _unknown(self, current: Manifest, batch: Batch) -> tuple[Stretches | None, Merged, list[Entry]]:
        """The rows of a batch that are not stored, each with a seq of its own."""
        keep = np.ones(len(batch.ts), np.bool_)
        seq = batch.seq.copy()
        which = np.repeat(np.arange(len(batch.places)), np.diff(batch.starts))
        rising = batch.rising()
        differing = 0
        for number, place, stretch in batch.stretches():
            if rising[number] and _follows(batch, stretch, current.held(*place)):
                continue
            near = self._near(current, batch, place, stretch)
            mine = batch.rows.slice(stretch.start, stretch.stop - stretch.start)
            keep[stretch], unlike = unknown(batch.table, near, mine)
            differing += unlike
            kept = np.flatnonzero(keep[stretch]) + stretch.start
            places = seq[kept]
            free_places(instants(near), integers(near.column("seq").combine_chunks()), batch.ts[kept], places)
            seq[kept] = places
        added = int(keep.sum())
        merged = Merged(None, added, len(keep) - added, differing=differing)
        if not added:
            return None, merged, []
        rows = batch.rows
        moved = bool((seq != batch.seq).any())
        if moved:
            rows = rows.set_column(1, batch.table.schema.field("seq"), pa.array(seq))
        if added < len(keep):
            rows, which = rows.filter(pa.array(keep)), which[keep]
        fresh = Stretches(batch.places, which, rows)
        return joined(batch.table, [fresh]) if moved else fresh, merged, []

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


def _follows(batch: Batch, stretch: slice, held: Held | None) -> bool:
    """Whether rows that rise among themselves come after all that is stored, by their ids and by their order."""
    if held is None:
        return True
    if held.last_seq is None or held.max_id is None or batch.ids[stretch.start] <= held.max_id:
        return False
    return (int(batch.ts[stretch.start]), int(batch.seq[stretch.start])) > (held.max_us, held.last_seq)
