"""Batches of an engine brought to the schema the plan promises."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def conformed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The same columns, in order, under the schema's names and types; numbers that are not finite are NULL."""
    arrays = [
        finite(column if column.type == field.type else column.cast(field.type))
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def finite(column: pa.Array) -> pa.Array:
    """NULL for NaN and infinities."""
    if not pa.types.is_floating(column.type) or pc.all(pc.is_finite(column)).as_py() is not False:
        return column
    return pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
