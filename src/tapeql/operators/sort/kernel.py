"""One stable sort of the whole result: in memory where it is small, else DuckDB's, which puts aside what does not fit."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tapeql import arrow, limits
from tapeql.kernels.context import Context
from tapeql.kernels.database import asked_of
from tapeql.operators.sort import Sort
from tapeql.query.nodes import Column

ROW: Final = "row number"
"""No column of a result has a blank in its name unless it is quoted, and none is called so."""

SHARE: Final = 4
"""Of what sorting may take, which rows sorted in memory may take: they are held once more in order."""


def finish(step: Sort, batches: Iterable[pa.RecordBatch], context: Context) -> Iterator[pa.RecordBatch]:
    """Stable, NULLs last in both directions: rows come in (exchange, symbol, ts, seq) order, so ties keep it.

    Raises LimitError where not even sorting piece by piece fits the memory of the query.
    """
    coming, held, nbytes = iter(batches), list[pa.RecordBatch](), 0
    for batch in coming:
        held.append(batch)
        nbytes += batch.nbytes
        if SHARE * nbytes > min(context.memory, limits.SORT_BYTES):
            break
    else:
        yield from _sorted(step, held)
        return
    yield from _spilling(step, itertools.chain(_drained(held), coming), held[0].schema, context)


def _sorted(step: Sort, batches: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if not batches:
        return
    table = pa.Table.from_batches(batches)
    keys = [(name, "descending" if descending else "ascending", "at_end") for name, descending in _keys(step)]
    yield from table.take(pc.sort_indices(table, sort_keys=keys)).combine_chunks().to_batches()


def _spilling(
    step: Sort, batches: Iterator[pa.RecordBatch], schema: pa.Schema, context: Context
) -> Iterator[pa.RecordBatch]:
    keys = [f"{_quoted(name)} {'DESC' if descending else 'ASC'} NULLS LAST" for name, descending in _keys(step)]
    names = ", ".join(_quoted(name) for name in schema.names)
    sql = f"SELECT {names} FROM rows ORDER BY {', '.join([*keys, _quoted(ROW)])}"
    for batch in asked_of(_numbered(batches), sql, min(context.memory, limits.SORT_BYTES), context.cancel, "ORDER BY"):
        yield pa.RecordBatch.from_arrays(
            [_as_it_was(column, field.type) for column, field in zip(batch.columns, schema, strict=True)], schema=schema
        )


def _drained(held: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """They are let go one by one."""
    held.reverse()
    while held:
        yield held.pop()


def _numbered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """With instants as whole numbers, which DuckDB hands back as they were."""
    rows = 0
    for batch in batches:
        columns = [arrow.whole(column) for column in batch.columns]
        columns.append(arrow.array(np.arange(rows, rows + batch.num_rows), pa.int64()))
        rows += batch.num_rows
        yield pa.RecordBatch.from_arrays(columns, names=[*batch.schema.names, ROW])


def _as_it_was(column: pa.Array, type: pa.DataType) -> pa.Array:
    if column.type == type:
        return column
    if pa.types.is_dictionary(type):
        return column.cast(type.value_type).dictionary_encode().cast(type)
    return column.view(type) if pa.types.is_temporal(type) and type.bit_width == 64 else column.cast(type)


def _keys(step: Sort) -> Iterator[tuple[str, bool]]:
    for key in step.keys:
        assert isinstance(key.expr, Column), "a plan projects its keys before it sorts"
        yield key.expr.name, key.descending


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
