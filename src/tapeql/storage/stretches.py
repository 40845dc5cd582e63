"""Rows of many places in one table, as a live file holds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from tapeql.arrow import integers
from tapeql.limits import LIVE_GROUP_ROWS
from tapeql.storage.entries import entries_of
from tapeql.storage.files import read_file, write_file
from tapeql.storage.manifest import Entry
from tapeql.storage.rows import Ints, instants, taken
from tapeql.storage.schema import Table
from tapeql.storage.staging import Place


@dataclass(frozen=True, slots=True)
class Stretches:
    """Rows, and the number of the place of each in `places`."""

    places: Sequence[Place]
    which: Ints
    rows: pa.Table

    def write(self, folder: Path, path: str, table: Table) -> list[Entry]:
        """A new file in a folder, of rows sorted by place and (ts, seq), in row groups of whole places."""
        starts = np.flatnonzero(np.diff(self.which, prepend=-1))
        groups, begun = [], 0
        for end in [*starts[1:].tolist(), len(self.which)]:
            if end - begun >= LIVE_GROUP_ROWS or end == len(self.which):
                groups.append(end - begun)
                begun = end
        (folder / path).unlink(missing_ok=True)  # never published, if it is there: a killed writer's
        write_file(folder / path, table, self.rows, groups)
        return entries_of(table, self.rows, [self.places[n] for n in self.which[starts].tolist()], starts, path)


def of_entries(lake: Path, table: Table, entries: Sequence[Entry]) -> list[Stretches]:
    """The rows of these stretches, file by file."""
    by_path: dict[str, list[Entry]] = {}
    for entry in entries:
        by_path.setdefault(entry.path, []).append(entry)
    found = []
    for path, mine in by_path.items():
        rows = read_file(lake / path, table, table.schema.names)
        counts = np.array([entry.rows for entry in mine])
        first = np.array([entry.first_row for entry in mine])
        which = np.repeat(np.arange(len(mine)), counts)
        at = np.arange(len(which)) + np.repeat(first - np.cumsum(counts) + counts, counts)
        places = [(entry.series, entry.partition) for entry in mine]
        found.append(Stretches(places, which, rows if len(at) == rows.num_rows else taken(rows, at)))
    return found


def joined(table: Table, pieces: Iterable[Stretches]) -> Stretches:
    """All rows, sorted by place and (ts, seq)."""
    pieces = list(pieces)
    places = sorted({place for piece in pieces for place in piece.places})
    number = {place: n for n, place in enumerate(places)}
    which = np.concatenate([np.array([number[p] for p in piece.places], np.int64)[piece.which] for piece in pieces])
    rows = pa.concat_tables([piece.rows.cast(table.schema) for piece in pieces]).combine_chunks()
    order = np.lexsort((integers(rows.column("seq").combine_chunks()), instants(rows), which))
    if (np.diff(order) == 1).all():
        return Stretches(places, which, rows)
    return Stretches(places, which[order], taken(rows, order))
