"""Tables of a program as raw columns: whatever exports an Arrow stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tapeql.arrow import is_table
from tapeql.errors import DataError
from tapeql.storage.importers.parquet import plain, raw_rows, said_of
from tapeql.storage.importers.shown import shown
from tapeql.storage.importers.source import SAMPLE_ROWS, RawBatch


class NoTable(DataError):
    """A value that is none; `kind` is its type."""

    def __init__(self, value: object) -> None:
        self.kind = type(value).__name__
        super().__init__(f"a {self.kind} is no table")


def arrow_table(value: Any) -> pa.Table:
    """A table as Arrow. Raises NoTable, and DataError for what Arrow cannot hold."""
    if not is_table(value):
        raise NoTable(value)
    try:
        if isinstance(value, pa.Table):
            return value
        for name in ("to_arrow_table", "fetch_arrow_table"):  # DuckDB before it exported streams
            if not hasattr(value, "__arrow_c_stream__") and hasattr(value, name):
                table: pa.Table = getattr(value, name)()
                return table
        return pa.table(value)  # knows pandas, with its index, and both Arrow interfaces
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(
            f"this {type(value).__name__} cannot be read as a table: {shown(' '.join(map(str, error.args)))}"
        ) from error


def index_of_times(schema: pa.Schema) -> str | None:
    """The column that a DatetimeIndex of pandas became."""
    found = [name for name in (schema.pandas_metadata or {}).get("index_columns", ()) if isinstance(name, str)]
    times = [name for name in found if name in schema.names and pa.types.is_timestamp(schema.field(name).type)]
    return times[0] if len(times) == 1 else None


class TableSource:
    """A table in memory; its lines are its rows, from 1. It is called by the parameter it was handed in as."""

    def __init__(self, table: pa.Table, parameter: str) -> None:
        self.label = f"${parameter}"
        self.path = ""
        self.names = tuple(table.schema.names)
        self.above: Sequence[Sequence[str]] = ()
        self.info: Mapping[str, str] = {"symbol": parameter, "exchange": "table"} | said_of(table.schema)
        self.mark = ""
        self._table = table
        self._done = 0

    @property
    def width(self) -> int:
        return len(self.names)

    def sample(self) -> Sequence[pa.Array]:
        return [plain(_whole(column)) for column in self._table.slice(0, SAMPLE_ROWS).columns]

    def batches(self, indices: Sequence[int], types: Mapping[int, pa.DataType] = {}) -> Iterator[RawBatch]:
        self._done = 0
        for batch in self._table.select(list(dict.fromkeys(indices))).to_batches():
            places = {place: n for n, place in enumerate(dict.fromkeys(indices))}
            lines = np.arange(self._done + 1, self._done + batch.num_rows + 1)
            self._done += batch.num_rows
            yield RawBatch([plain(batch.column(places[i])) for i in indices], lines)

    def raw(self, lines: Sequence[int]) -> Mapping[int, str]:
        return raw_rows(iter(self._table.to_batches()), lines)

    def position(self) -> float:
        return float(self._done / max(self._table.num_rows, 1))


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole
