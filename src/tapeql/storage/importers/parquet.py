"""Parquet files as raw columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tapeql.storage.importers.packed import Packed
from tapeql.storage.importers.source import SAMPLE_ROWS, RawBatch

_BATCH_ROWS = 131_072


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
        wanted = [self.names[i] for i in indices]
        self._done = 0
        for batch in self._file.iter_batches(_BATCH_ROWS, columns=list(dict.fromkeys(wanted))):
            lines = np.arange(self._done + 1, self._done + batch.num_rows + 1)
            self._done += batch.num_rows
            yield RawBatch([plain(batch.column(name)) for name in wanted], lines)

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        return raw_rows(self._file.iter_batches(_BATCH_ROWS), lines)

    def position(self) -> float:
        return self._done / max(self._rows, 1)


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
