"""The default engine: kernels over sorted arrays, symbol by symbol, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa

from tapeql.kernels.bars import bar_frames
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.ticks import row_frames
from tapeql.operators.operator import Plan
from tapeql.plan.expressions import columns_read
from tapeql.rows.nodes import Bars, Feed
from tapeql.run.steps import finished, symbol_batches, symbol_steps


def execute(plan: Plan, context: Context) -> Iterator[pa.RecordBatch]:
    """The result of a located plan, in batches of its schema."""
    context = answering(context)
    return finished(plan, _projected(plan, context), context)


def answering(context: Context) -> Context:
    """The context in which operators may ask for the results of other plans."""
    return replace(context, answer=lambda plan: execute(plan, context))


def _projected(plan: Plan, context: Context) -> Iterator[pa.RecordBatch]:
    steps = symbol_steps(plan.steps)
    wanted = columns_read(plan)
    for feed in plan.rows.feeds:
        yield from symbol_batches(plan, steps, feed, frames(plan, feed, context, wanted), context)


def frames(plan: Plan, feed: Feed, context: Context, wanted: frozenset[str] | None) -> Iterator[Frame]:
    """The wanted columns of one symbol's rows before any step."""
    if isinstance(plan.rows, Bars):
        return bar_frames(plan.rows, feed, context, wanted)
    assert wanted is not None, "FILL is of bars"
    return row_frames(plan.rows, feed, context, wanted)
