"""The default engine: kernels over sorted arrays, symbol by symbol, streaming."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain

import pyarrow as pa

from tapeql import limits
from tapeql.kernels.bars import bar_frames
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, join
from tapeql.kernels.ticks import row_frames
from tapeql.operators.operator import Plan
from tapeql.plan.expressions import columns_read
from tapeql.rows.nodes import Bars, Feed
from tapeql.run.lanes import in_order
from tapeql.run.slices import by_symbol
from tapeql.run.steps import finished, symbol_batches, symbol_frames, symbol_steps


def execute(plan: Plan, context: Context) -> Iterator[pa.RecordBatch]:
    """The result of a located plan, in batches of its schema."""
    return from_slices(plan, by_symbol(plan, context.snapshot), context)


def from_slices(
    plan: Plan, slices: Sequence[Plan], context: Context, find: Callable[[Plan], Plan] | None = None
) -> Iterator[pa.RecordBatch]:
    """The result of a plan from its slices, plans of less of it; `find` locates one on the thread that runs it."""
    part = context.cancel.part()
    threads = plan.asked.settings.threads
    running = answering(replace(context, cancel=part, reads_ahead=threads <= 1 or len(slices) <= 1))
    wanted = columns_read(plan)
    lanes = [functools.partial(_projected, slice, running, wanted, find) for slice in slices]
    return finished(plan, in_order(lanes, threads, part), answering(context))


def answering(context: Context) -> Context:
    """The context in which operators may ask for the results of other plans."""
    return replace(context, answer=lambda plan: execute(plan, context))


def _projected(
    plan: Plan, context: Context, wanted: frozenset[str] | None, find: Callable[[Plan], Plan] | None
) -> Iterator[pa.RecordBatch]:
    plan = plan if find is None else find(plan)
    steps, feeds = symbol_steps(plan.steps), plan.rows.feeds
    apart = max((n for n, step in enumerate(steps, 1) if not step.mixes), default=0)
    each = (symbol_frames(plan, steps[:apart], feed, frames(plan, feed, context, wanted), context) for feed in feeds)
    found = chain.from_iterable(each)
    yield from symbol_batches(plan, steps[apart:], feeds[0], found if len(feeds) == 1 else _together(found), context)


def _together(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Small frames joined: one at first, so that a short answer comes soon, then twice as many each time."""
    waiting: list[Frame] = []
    wanted, rows = 1, 0
    for frame in frames:
        waiting.append(frame)
        rows += frame.length
        if len(waiting) == wanted or rows >= limits.CHUNK_ROWS:
            yield join(waiting)
            waiting, wanted, rows = [], 2 * wanted, 0
    if waiting:
        yield join(waiting)


def frames(plan: Plan, feed: Feed, context: Context, wanted: frozenset[str] | None) -> Iterator[Frame]:
    """The wanted columns of one symbol's rows before any step."""
    if isinstance(plan.rows, Bars):
        return bar_frames(plan.rows, feed, context, wanted)
    assert wanted is not None, "FILL is of bars"
    return row_frames(plan.rows, feed, context, wanted)
