"""The rows of one append, put in order: a batch a table, whatever the number of symbols."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql.arrow import integers
from tapeql.errors import DataError
from tapeql.storage.layout import encode, partitions
from tapeql.storage.merge import numbers
from tapeql.storage.rows import Ints, conform, instants, table_of, taken
from tapeql.storage.schema import OHLCV, Table
from tapeql.storage.staging import Place
from tapeql.storage.store import Fed

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
    pieces = [rows for _, _, rows in series]
    try:
        rows = pa.concat_tables(pieces, promote_options="permissive")
    except pa.ArrowException:
        rows = pa.concat_tables([_conformed(table, piece) for piece in pieces])
    if not rows.schema.equals(table.schema):
        rows = _conformed(table, rows)
    rows = rows.combine_chunks()
    ts, seq = instants(rows), integers(rows.column("seq").combine_chunks())
    which = np.repeat(np.arange(len(series)), [piece.num_rows for piece in pieces])
    order = np.lexsort((seq, ts, which))
    if (np.diff(order) != 1).any():
        rows, ts, seq, which = taken(rows, order), ts[order], seq[order], which[order]
    number = partitions(table.name, "", ts)
    starts = np.flatnonzero((np.diff(which, prepend=-1) != 0) | (np.diff(number, prepend=number[0]) != 0))
    names = [(table.name, venue, code, "") for venue, code, _ in series]
    places = [(names[w], n) for w, n in zip(which[starts].tolist(), number[starts].tolist(), strict=True)]
    ids, keyed = numbers(table, rows)
    return Batch(table, rows, places, np.append(starts, len(ts)), ts, seq, ids, keyed)


def _conformed(table: Table, rows: pa.Table) -> pa.Table:
    rows = conform(table, rows)
    given = rows.column("seq")
    if given.null_count and not table.small:
        raise DataError(f"rows appended to {table.name} need their seq")
    return rows.set_column(1, "seq", given.fill_null(0)).cast(table.schema)
