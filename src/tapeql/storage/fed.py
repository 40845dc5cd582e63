"""The rows of one append, put in order: a batch a table, whatever the number of symbols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql.errors import DataError
from tapeql.storage.layout import encode, partitions
from tapeql.storage.merge import numbers
from tapeql.storage.rows import Ints, conform, instants, integers, table_of, taken
from tapeql.storage.schema import OHLCV, Table
from tapeql.storage.staging import Place
from tapeql.storage.stores import Fed

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows sorted by place (venue, code, partition) and (ts, seq); `starts` has where each place's begin, and the end.

    ids    the numbers of the table's key, -1 where a row has none
    keyed  which rows have a key at all
    """

    table: Table
    rows: pa.Table
    places: list[Place]
    starts: Ints
    ts: Ints
    seq: Ints
    ids: Ints
    keyed: Bools

    def stretches(self) -> Iterator[tuple[int, Place, slice]]:
        ends = self.starts.tolist()
        for number, place in enumerate(self.places):
            yield number, place, slice(ends[number], ends[number + 1])

    def rising(self) -> Bools:
        """Places within which (ts, seq) and the numeric ids rise from row to row: no row is there twice."""
        step = np.diff(self.ts, prepend=0)
        rises = (step > 0) | ((step == 0) & (np.diff(self.seq, prepend=0) > 0))
        rises &= np.diff(self.ids, prepend=0) > 0
        rises[self.starts[:-1]] = self.ids[self.starts[:-1]] >= 0
        found: Bools = np.logical_and.reduceat(rises, self.starts[:-1])
        return found


def gathered(fed: Fed) -> list[Batch]:
    """A batch for each table with rows. Raises DataError for rows that no table can hold."""
    by_table: dict[str, list[tuple[str, str, pa.Table]]] = {}
    for (table, venue, code), rows in fed.items():
        if rows.num_rows:
            by_table.setdefault(table, []).append((venue, code, rows))
    return [_batch(_fed(name), sorted(series, key=lambda s: s[:2])) for name, series in sorted(by_table.items())]


def _fed(name: str) -> Table:
    table = table_of(name)
    if table is OHLCV:
        raise DataError("candles have an interval and are not appended live; write them in a transaction")
    return table


def _batch(table: Table, series: list[tuple[str, str, pa.Table]]) -> Batch:
    for venue, code, _ in series:
        encode(venue), encode(code)
    given = [rows for _, _, rows in series]
    rows = pa.concat_tables(_alike(table, given)).combine_chunks()
    if (unnumbered := rows.column("seq")).null_count:
        if not table.small:
            raise DataError(f"rows appended to {table.name} need their seq")
        rows = rows.set_column(1, "seq", unnumbered.fill_null(0))
    rows = rows if rows.schema.equals(table.schema) else rows.cast(table.schema)
    ts, seq = instants(rows), integers(rows.column("seq").combine_chunks())
    which = np.repeat(np.arange(len(series)), [piece.num_rows for piece in given])
    order = np.lexsort((seq, ts, which))
    if (np.diff(order) != 1).any():
        rows, ts, seq, which = taken(rows, order), ts[order], seq[order], which[order]
    number = partitions(table.name, "", ts)
    starts = np.flatnonzero((np.diff(which, prepend=-1) != 0) | (np.diff(number, prepend=number[0]) != 0))
    names = [(table.name, venue, code, "") for venue, code, _ in series]
    places = [(names[w], n) for w, n in zip(which[starts].tolist(), number[starts].tolist(), strict=True)]
    ids, keyed = numbers(table, rows)
    return Batch(table, rows, places, np.append(starts, len(ts)), ts, seq, ids, keyed)


def _alike(table: Table, given: Sequence[pa.Table]) -> list[pa.Table]:
    """The same rows under one schema: as they are where they are the table's, for there are many small ones a second."""
    if all(rows.schema.equals(table.schema) for rows in given):
        return list(given)
    loose = conform(table, table.schema.empty_table()).schema
    return [(rows if rows.schema.equals(table.schema) else conform(table, rows)).cast(loose) for rows in given]
