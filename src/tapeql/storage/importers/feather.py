"""Feather (Arrow IPC) files as raw columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from tapeql.storage.importers.parquet import plain, raw_rows
from tapeql.storage.importers.shown import shown
from tapeql.storage.importers.source import RawBatch


class FeatherSource:
    """A Feather file of version 2, plain or compressed; its lines are its rows, from 1."""

    def __init__(self, path: Path) -> None:
        self.label = shown(path)
        self._file = pa.ipc.open_file(pa.memory_map(str(path)))
        self.names = list(self._file.schema.names)
        self._batch = 0

    @property
    def width(self) -> int:
        return len(self.names)

    def first_row(self) -> Sequence[str]:
        return self.names

    def batches(self, indices: Sequence[int]) -> Iterator[RawBatch]:
        done = 0
        for number in range(self._file.num_record_batches):
            self._batch = number
            batch = self._file.get_batch(number)
            lines = np.arange(done + 1, done + batch.num_rows + 1)
            done += batch.num_rows
            yield RawBatch([plain(batch.column(i)) for i in indices], lines)

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        return raw_rows((self._file.get_batch(i) for i in range(self._file.num_record_batches)), lines)

    def position(self) -> float:
        return float((self._batch + 1) / max(self._file.num_record_batches, 1))
