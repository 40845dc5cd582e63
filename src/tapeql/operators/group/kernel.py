"""Groups by DuckDB's hash table, on one thread and in the order of the rows: the same bits every time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from tapeql import arrow, limits
from tapeql.cancel import watched
from tapeql.errors import LimitError, StoreError
from tapeql.kernels.context import Context
from tapeql.kernels.database import in_memory
from tapeql.operators.group import Group
from tapeql.query.grouped import Measure

ROW: Final = "row"
"""The number of a row: which is the first, and which the last."""

_SAID: Final = {
    "count": "count({x})",
    "count_distinct": "count(DISTINCT {x})",
    "sum": "fsum({x})",
    "avg": "favg({x})",
    "wavg": "fsum({x} * {y}) / nullif(fsum({y}) FILTER ({x} IS NOT NULL), 0)",
    "min": "min({x})",
    "max": "max({x})",
    "first": "arg_min({x}, row)",
    "last": "arg_max({x}, row)",
    "arg_min": "arg_min({x}, {y})",
    "arg_max": "arg_max({x}, {y})",
    "median": "median({x})",
    "percentile": "quantile_cont({x}, {p})",
    "stddev": "stddev_pop({x})",
    "variance": "var_pop({x})",
    "corr": "CASE WHEN {vary_x} AND {vary_y} THEN corr({x}, {y}) END",
    "beta": "CASE WHEN {vary_y} THEN covar_pop({x}, {y}) / var_pop({y}) FILTER ({x} IS NOT NULL) END",
}


def finish(step: Group, batches: Iterable[pa.RecordBatch], context: Context) -> Iterator[pa.RecordBatch]:
    """Raises LimitError where the groups need more memory than a query may use and cannot be put aside."""
    import duckdb

    feed = _Feed(step, batches)
    reader = feed.reader()
    if reader is None:
        return
    with in_memory(context.memory) as connection, watched(connection.interrupt, context.cancel):
        try:
            connection.register("rows", reader)
            for batch in connection.sql(statement(step)).to_arrow_reader(limits.BATCH_ROWS):
                if batch.num_rows:
                    yield batch
        except duckdb.OutOfMemoryException:
            raise LimitError(
                f"the groups need more than {context.memory / (1 << 20):,.0f} MB at once: ask for fewer of them, for a shorter "
                "range, or allow more with `SET memory`",
                "QUERY_MEMORY_BYTES",
            ) from None
        except (duckdb.Error, pa.ArrowException) as error:
            context.cancel.check()
            raise feed.failure or StoreError(f"DuckDB could not answer: {error}") from error


class _Feed:
    """The columns a Group needs, batch by batch, and the numbers of the rows where it asks for them. What goes wrong before it
    is kept."""

    def __init__(self, step: Group, batches: Iterable[pa.RecordBatch]) -> None:
        self._names = [
            c.name for c in dict.fromkeys((*step.keys, *itertools.chain(*(m.inputs for m in step.measures))))
        ]
        self._numbered = any(measure.function in ("first", "last") for measure in step.measures) or not self._names
        self._batches = iter(batches)
        self._rows = 0
        self.failure: Exception | None = None

    def reader(self) -> pa.RecordBatchReader | None:
        """None where there is no row."""
        first = next(self._batches, None)
        if first is None:
            return None
        made = self._made(first)
        return pa.RecordBatchReader.from_batches(made.schema, itertools.chain([made], self._others(made.schema)))

    def _others(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                yield self._made(batch).cast(schema)
        except Exception as error:  # DuckDB would tell it in words of its own
            self.failure = error
            raise

    def _made(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = {name: _plain(batch.column(name)) for name in self._names}
        if self._numbered:
            columns[ROW] = arrow.array(np.arange(self._rows, self._rows + batch.num_rows), pa.int64())
        self._rows += batch.num_rows
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _plain(column: pa.Array) -> pa.Array:
    """Instants and spans of time as whole numbers, which DuckDB hands back as they were."""
    return column.view(pa.int64()) if pa.types.is_temporal(column.type) and column.type.bit_width == 64 else column


def statement(step: Group) -> str:
    """Names are ours and need no escape."""
    keys = [f'"{key.name}"' for key in step.keys]
    measures = [f'{_said(measure)} AS "{measure.name}"' for measure in step.measures]
    order = ", ".join(f"{key} NULLS LAST" for key in keys)
    grouped = f" GROUP BY {', '.join(keys)} ORDER BY {order}" if keys else ""
    return f"SELECT {', '.join([*keys, *measures])} FROM rows{grouped}"


def _said(measure: Measure) -> str:
    names = [f'"{column.name}"' for column in measure.inputs]
    if measure.function == "count" and not names:
        return "count(*)"
    x, y = names[0], names[-1]
    both = f"{x} IS NOT NULL AND {y} IS NOT NULL"

    def vary(name: str) -> str:
        return f"min({name}) FILTER ({both}) < max({name}) FILTER ({both})"

    said = _SAID[measure.function].format(
        x=x, y=y, p=measure.params[0] / 100 if measure.params else "", vary_x=vary(x), vary_y=vary(y)
    )
    return f"({said})::BIGINT" if measure.type.name == "INT" and measure.function == "sum" else said
