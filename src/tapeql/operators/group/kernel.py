"""Groups by DuckDB's hash table, on one thread and in the order of the rows: the same bits every time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from tapeql import arrow
from tapeql.kernels.context import Context
from tapeql.kernels.database import asked_of
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
    return asked_of(_needed(step, batches), statement(step), context.memory, context.cancel, "this many groups")


def _needed(step: Group, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The columns a Group needs, and the numbers of the rows where it asks for them."""
    names = [c.name for c in dict.fromkeys((*step.keys, *itertools.chain(*(m.inputs for m in step.measures))))]
    numbered = any(measure.function in ("first", "last") for measure in step.measures) or not names
    rows = 0
    for batch in batches:
        columns = {name: arrow.whole(batch.column(name)) for name in names}
        if numbered:
            columns[ROW] = arrow.array(np.arange(rows, rows + batch.num_rows), pa.int64())
        rows += batch.num_rows
        yield pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


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
