"""Rows handed to a store, brought to the schema of their table or refused."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tapeql import arrow
from tapeql.errors import DataError
from tapeql.storage.schema import TABLES, TS, Table

Ints = npt.NDArray[np.int64]

_FIRST_US: Final = -62_135_596_800_000_000
_LAST_US: Final = 253_402_300_800_000_000


def table_of(name: str) -> Table:
    try:
        return TABLES[name]
    except KeyError:
        raise DataError(f"there is no table {name!r}; there are {', '.join(TABLES)}") from None


def instants(rows: pa.Table | pa.RecordBatch) -> Ints:
    """The ts column as int64 microseconds, without copying where it is one chunk."""
    column = rows.column("ts")
    chunk = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    values: Ints = arrow.integers(chunk.view(pa.int64()))
    return values


def taken(rows: pa.Table, places: Ints) -> pa.Table:
    """The rows at these places, in this order."""
    return rows.take(arrow.places(places))


def in_order(rows: pa.Table) -> pa.Table:
    """The rows sorted by (ts, seq); as they are where they stand so already."""
    if rows.num_rows < 2:
        return rows
    ts, seq = instants(rows), arrow.integers(rows.column("seq").combine_chunks())
    step = np.diff(ts)
    if ((step > 0) | ((step == 0) & (np.diff(seq) > 0))).all():
        return rows
    return taken(rows, np.lexsort((seq, ts)))


def plain(row: pa.Table) -> dict[str, Any]:
    """The values of one row; instants are integer UTC microseconds."""
    columns = [column.cast(pa.int64()) if column.type == TS else column for column in row.columns]
    return {name: column[0].as_py() for name, column in zip(row.column_names, columns, strict=True)}


def conform(table: Table, rows: pa.Table) -> pa.Table:
    """Exactly the table's columns and types, in source order; absent optional columns are NULL, also `seq`.

    NaN becomes NULL where NULL is allowed. A missing required column, a NULL or NaN where there must be a value, or an
    infinity raises DataError.
    """
    names = rows.column_names
    unknown = [name for name in names if name not in table.schema.names]
    if unknown:
        raise DataError(f"{table.name} has no column {unknown[0]!r}; it has {', '.join(table.schema.names)}")
    columns = []
    for field in table.schema:
        if field.name not in names:
            if field.name in table.required:
                raise DataError(f"{table.name} needs a column {field.name!r}")
            columns.append(pa.nulls(rows.num_rows, field.type))
            continue
        columns.append(_column(table, field, rows.column(field.name)))
    conformed = pa.Table.from_arrays(columns, schema=_without_seq(table.name)).combine_chunks()
    if conformed.num_rows:
        ts = instants(conformed)
        if ts.min() < _FIRST_US or ts.max() >= _LAST_US:
            raise DataError(f"{table.name} holds instants of the years 1 to 9999 only")
    return conformed


@cache
def _without_seq(table: str) -> pa.Schema:
    """The schema of rows whose seq is not given yet."""
    fields = TABLES[table].schema
    return pa.schema([field.with_nullable(True) if field.name == "seq" else field for field in fields])


def _column(table: Table, field: pa.Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        column = column if column.type == field.type else column.cast(field.type)
    except pa.ArrowException as error:
        raise DataError(f"column {field.name!r} of {table.name} cannot be {field.type}: {error}") from error
    if pa.types.is_floating(field.type) and not pc.all(pc.is_finite(column)).as_py():
        if pc.any(pc.is_inf(column)).as_py():
            raise DataError(f"column {field.name!r} of {table.name} holds an infinity")
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, field.type), column)
    if column.null_count and not field.nullable and field.name != "seq":
        raise DataError(f"column {field.name!r} of {table.name} must not be empty")
    return column
