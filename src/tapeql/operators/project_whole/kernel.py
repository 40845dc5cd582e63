"""Expressions as columns of batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from tapeql.kernels.context import Context
from tapeql.kernels.expressions import evaluate
from tapeql.kernels.frame import Frame, from_arrow
from tapeql.operators.project_whole import ProjectWhole
from tapeql.query.rewriting import columns_in


def finish(step: ProjectWhole, batches: Iterable[pa.RecordBatch], context: Context) -> Iterator[pa.RecordBatch]:
    types = {column.name: column.type for expr in step.expressions() for column in columns_in(expr)}
    for batch in batches:
        context.cancel.check()
        frame = Frame(batch.num_rows, {name: from_arrow(batch.column(name), type) for name, type in types.items()})
        arrays = [evaluate(column.expr, frame).to_arrow() for column in step.outputs]
        yield pa.RecordBatch.from_arrays(arrays, names=[column.name for column in step.outputs])
