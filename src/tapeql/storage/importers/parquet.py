"""Parquet files as raw columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tapeql.storage.importers.packed import Packed
from tapeql.storage.importers.source import SAMPLE_ROWS, RawBatch

_BATCH_ROWS = 131_072
_UNITS = {"milliseconds": "ms", "microseconds": "us", "nanoseconds": "ns"}


class ParquetSource:
    """A Parquet file; its lines are its rows, from 1."""

    def __init__(self, packed: Packed) -> None:
        self.label = packed.label
        self.path = packed.full
        # Not mapped: what was read of a file on disk would count as memory of this process.
        self._file = pq.ParquetFile(
            pa.OSFile(str(packed.path)) if packed.is_plain else random_access(packed), pre_buffer=False
        )
        self.names = tuple(self._file.schema_arrow.names)
        self.above: Sequence[Sequence[str]] = ()
        self.info = said_of(self._file.schema_arrow)
        self.mark = ""
        self._rows: int = self._file.metadata.num_rows
        self._done = 0

    @property
    def width(self) -> int:
        return len(self.names)

    def sample(self) -> Sequence[pa.Array]:
        batch = next(self._file.iter_batches(SAMPLE_ROWS), None)
        if batch is None:
            return [pa.array([], field.type) for field in self._file.schema_arrow]
        return [plain(column) for column in batch.columns]

    def batches(self, indices: Sequence[int], types: Mapping[int, pa.DataType] = {}) -> Iterator[RawBatch]:
        return self.of_groups(range(self._file.num_row_groups), indices)

    def of_groups(self, groups: Sequence[int], indices: Sequence[int]) -> Iterator[RawBatch]:
        """The columns at these places, of some row groups in rising order."""
        wanted = [self.names[i] for i in indices]
        begins = np.cumsum([0, *self.group_rows()])
        for stretch in np.split(np.asarray(groups), np.flatnonzero(np.diff(groups) != 1) + 1) if len(groups) else ():
            self._done = int(begins[stretch[0]])
            columns = list(dict.fromkeys(wanted))
            for batch in self._file.iter_batches(_BATCH_ROWS, row_groups=stretch.tolist(), columns=columns):
                lines = np.arange(self._done + 1, self._done + batch.num_rows + 1)
                self._done += batch.num_rows
                yield RawBatch([plain(batch.column(name)) for name in wanted], lines)

    def group_rows(self) -> list[int]:
        """How many rows each row group has."""
        return [self._file.metadata.row_group(n).num_rows for n in range(self._file.num_row_groups)]

    def ranges(self, place: int) -> list[pa.Array] | None:
        """The least and the greatest value of a column in each row group; None where statistics do not say all of them.

        Only of whole numbers, times and texts: those of other columns are not needed, nor worth a trust.
        """
        stored, field = self._file.schema, self._file.schema_arrow.field(place)
        if len(stored) != self.width or stored.column(place).path != field.name:
            return None  # nested columns are several
        found = []
        for number in range(self._file.num_row_groups):
            told = self._file.metadata.row_group(number).column(place).statistics
            range_ = None if told is None or not told.has_min_max else _range(told, stored.column(place), field.type)
            if range_ is None:
                return None
            found.append(range_)
        return found

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        return raw_rows(self._file.iter_batches(_BATCH_ROWS), lines)

    def position(self) -> float:
        return self._done / max(self._rows, 1)


def _range(told: Any, column: Any, kind: pa.DataType) -> pa.Array | None:
    """What the statistics of a column chunk say, in the column's type."""
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        return pa.array([told.min, told.max], pa.string()) if isinstance(told.min, str) else None
    least = [told.min_raw, told.max_raw]
    if not all(isinstance(each, int) for each in least):
        return None
    if pa.types.is_integer(kind):
        return pa.array(least, pa.int64())
    if not pa.types.is_timestamp(kind):
        return None
    unit = _UNITS.get(json.loads(column.logical_type.to_json()).get("timeUnit", ""))
    return (
        None if unit is None else pa.array(least, pa.int64()).cast(pa.timestamp(unit, kind.tz)).cast(kind, safe=False)
    )


def random_access(packed: Packed) -> Any:
    """The bytes of a file to read here and there: mapped where they lie plain, else held in memory."""
    if packed.is_plain:
        return pa.memory_map(str(packed.path))
    with packed.open() as stream:
        return pa.BufferReader(stream.read())


def said_of(schema: pa.Schema) -> dict[str, str]:
    """What the metadata says in plain words: `symbol`, `exchange`, `interval`."""
    said = {key.decode(errors="replace").lower(): value for key, value in (schema.metadata or {}).items()}
    return {key: said[key].decode(errors="replace") for key in ("symbol", "exchange", "interval") if key in said}


def plain(column: pa.Array) -> pa.Array:
    """A column without dictionary or large types, which say how it was kept and not what it is."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column


def raw_rows(batches: Iterator[pa.RecordBatch], lines: Sequence[int]) -> dict[int, str]:
    """Whole rows as text, cells joined by commas."""
    found: dict[int, str] = {}
    wanted = np.array(sorted(lines), np.int64) - 1
    done = 0
    for batch in batches:
        here = wanted[(wanted >= done) & (wanted < done + batch.num_rows)]
        if len(here):
            taken = batch.take(pa.array(here - done))
            for row, cells in zip(
                here.tolist(), zip(*(c.to_pylist() for c in taken.columns), strict=True), strict=True
            ):
                found[row + 1] = ",".join("" if cell is None else str(cell) for cell in cells)
        done += batch.num_rows
    return found
