"""The operators of a plan, one after another: over the rows of one symbol, then over the whole result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.series import Series
from tapeql.operators import running
from tapeql.operators.operator import Cut, Operator, Plan
from tapeql.rows.nodes import Feed


def symbol_steps(steps: Sequence[Operator]) -> tuple[Operator, ...]:
    """Those that run symbol by symbol."""
    return tuple(step for step in steps if step.cut < Cut.WHOLE)


def symbol_batches(
    plan: Plan, steps: Sequence[Operator], feed: Feed, frames: Iterator[Frame], context: Context
) -> Iterator[pa.RecordBatch]:
    """What some operators make of one symbol's rows; the last of them projects."""
    return as_batches(symbol_frames(plan, steps, feed, frames, context))


def symbol_frames(
    plan: Plan, steps: Sequence[Operator], feed: Feed, frames: Iterator[Frame], context: Context
) -> Iterator[Frame]:
    """What some operators make of one symbol's rows."""
    for step in steps:
        frames = running.run(step, Series(plan.rows, feed, frames), context)
    return frames


def as_batches(frames: Iterable[Frame]) -> Iterator[pa.RecordBatch]:
    for frame in frames:
        arrays = [vector.to_arrow() for vector in frame.columns.values()]
        yield pa.RecordBatch.from_arrays(arrays, names=list(frame.columns))


def finished(plan: Plan, batches: Iterable[pa.RecordBatch], context: Context) -> Iterator[pa.RecordBatch]:
    """What the operators over the whole result make of the batches of all symbols, in the schema of the result."""
    for step in plan.steps:
        if step.cut is Cut.WHOLE:
            batches = running.finish(step, batches, context)
    names = plan.schema.names
    for batch in batches:
        arrays = [batch.column(name) for name in names]
        yield pa.RecordBatch.from_arrays(arrays, schema=plan.schema)
