"""Feather (Arrow IPC) files as raw columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from tapeql.storage.importers.packed import Packed
from tapeql.storage.importers.parquet import plain, random_access, raw_rows, said_of
from tapeql.storage.importers.source import SAMPLE_ROWS, RawBatch


class FeatherSource:
    """A Feather file of version 2, plain or compressed; its lines are its rows, from 1."""

    def __init__(self, packed: Packed) -> None:
        self.label = packed.label
        self.path = packed.full
        self._file = pa.ipc.open_file(random_access(packed))
        self.names = tuple(self._file.schema.names)
        self.above: Sequence[Sequence[str]] = ()
        self.info = said_of(self._file.schema)
        self.mark = ""
        self._batch = 0

    @property
    def width(self) -> int:
        return len(self.names)

    def sample(self) -> Sequence[pa.Array]:
        if not self._file.num_record_batches:
            return [pa.array([], field.type) for field in self._file.schema]
        return [plain(column[:SAMPLE_ROWS]) for column in self._rows(0).columns]

    def batches(self, indices: Sequence[int], types: Mapping[int, pa.DataType] = {}) -> Iterator[RawBatch]:
        done = 0
        for number in range(self._file.num_record_batches):
            self._batch = number
            batch = self._rows(number)
            lines = np.arange(done + 1, done + batch.num_rows + 1)
            done += batch.num_rows
            yield RawBatch([plain(batch.column(i)) for i in indices], lines)

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        return raw_rows((self._rows(i) for i in range(self._file.num_record_batches)), lines)

    def _rows(self, number: int) -> pa.RecordBatch:
        """A file has no checksum: texts of a damaged one may end before they begin. Raises ArrowInvalid there."""
        batch = self._file.get_batch(number)
        batch.validate(full=True)
        return batch

    def position(self) -> float:
        return float((self._batch + 1) / max(self._file.num_record_batches, 1))
