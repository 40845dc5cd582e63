"""The default engine: kernels over sorted arrays, symbol by symbol, streaming."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tapeql.kernels.bars import bar_frames
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.steps import DayKeys, finished, symbol_batches
from tapeql.kernels.ticks import row_frames
from tapeql.plan.expressions import columns_read
from tapeql.plan.nodes import FillSlots, OnDays, Plan, Project, Sort, Step, Take
from tapeql.rows.nodes import Bars, Feed


def execute(plan: Plan, context: Context) -> Iterator[pa.RecordBatch]:
    """The result of a located plan, in batches of its schema."""
    return finished(plan, _projected(plan, context))


def _projected(plan: Plan, context: Context) -> Iterator[pa.RecordBatch]:
    steps = row_steps(plan)
    keys = {id(step): day_keys(step, context) for step in steps if isinstance(step, OnDays)}
    wanted = columns_wanted(plan)
    for feed in plan.rows.feeds:
        rows = frames(plan, feed, context, wanted)
        yield from symbol_batches(plan, steps, feed, rows, context, lambda s: keys[id(s)])


def row_steps(plan: Plan) -> tuple[Step, ...]:
    """The steps that run symbol by symbol, up to the projection."""
    return tuple(step for step in plan.steps if not isinstance(step, Sort | Take))


def columns_wanted(plan: Plan) -> frozenset[str] | None:
    """The columns of a plan's rows that its steps read; None: all, which FILL copies."""
    return None if any(isinstance(step, FillSlots) for step in plan.steps) else columns_read(plan)


def frames(plan: Plan, feed: Feed, context: Context, wanted: frozenset[str] | None) -> Iterator[Frame]:
    """The wanted columns of one symbol's rows before any step."""
    if isinstance(plan.rows, Bars):
        return bar_frames(plan.rows, feed, context, wanted)
    assert wanted is not None, "FILL is of bars"
    return row_frames(plan.rows, feed, context, wanted)


def day_keys(step: OnDays, context: Context) -> DayKeys:
    """The days a DAYS plan selects."""
    assert any(isinstance(s, Project) for s in step.plan.steps)
    found: set[tuple[str, str, int]] = set()
    for batch in execute(step.plan, context):
        dates = batch.column("session_date").cast(pa.int32()).to_pylist()
        names = zip(batch.column("exchange").to_pylist(), batch.column("symbol").to_pylist(), dates, strict=True)
        found.update(("", "", date) if step.by_date else (venue, code, date) for venue, code, date in names)
    return frozenset(found)
