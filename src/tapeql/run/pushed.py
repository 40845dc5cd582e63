"""A plan as far as SQL says it well, then the same kernels on what comes back: for DuckDB and for Postgres."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa

from tapeql import arrow
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, from_arrow
from tapeql.operators.operator import Plan
from tapeql.query.arrow_types import ARROW
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Feed
from tapeql.run import lake
from tapeql.run.lower import FEED_COLUMN, Lowered, lower
from tapeql.run.steps import finished, symbol_batches, symbol_steps
from tapeql.sql.dialects import Unsayable

Rows = Callable[[Lowered, Context], Iterator[pa.RecordBatch]]
"""Runs a statement: its rows in order, in batches of its schema."""


def execute(plan: Plan, context: Context, dialect: str, rows: Rows) -> Iterator[pa.RecordBatch]:
    """The result of a located plan, in batches of its schema."""
    try:
        lowered = lower(plan, context.snapshot, dialect)
    except Unsayable:
        return lake.execute(plan, context)
    batches = rows(lowered, context)
    if lowered.pushed_steps == len(plan.steps):
        return batches
    context = lake.answering(context)
    return finished(plan, _projected(plan, lowered, batches, context), context)


def _projected(
    plan: Plan, lowered: Lowered, batches: Iterator[pa.RecordBatch], context: Context
) -> Iterator[pa.RecordBatch]:
    """The steps the database could not say, symbol by symbol."""
    steps = symbol_steps(plan.steps[lowered.pushed_steps :])
    feeds = {(f.symbol.venue, f.symbol.code, f.calendar): f for f in plan.rows.feeds}
    for number, frames in _by_feed(lowered, batches):
        feed: Feed = feeds[lowered.feeds[number]]
        yield from symbol_batches(plan, steps, feed, frames, context)


def _by_feed(lowered: Lowered, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, Iterator[Frame]]]:
    """Runs of rows of one symbol, each to be read before the next is asked for."""
    types = {ARROW[type]: type for type in Type if type is not Type.NULL}
    pieces = _pieces(batches)
    waiting = next(pieces, None)

    def run(number: int) -> Iterator[Frame]:
        nonlocal waiting
        while waiting is not None and waiting[0] == number:
            batch = waiting[1]
            columns = {
                field.name: from_arrow(batch.column(field.name), types[field.type])
                for field in lowered.schema
                if field.name != FEED_COLUMN
            }
            waiting = next(pieces, None)
            yield Frame(batch.num_rows, columns)

    while waiting is not None:
        number = waiting[0]
        yield number, run(number)
        while waiting is not None and waiting[0] == number:
            waiting = next(pieces, None)


def _pieces(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    for batch in batches:
        numbers = arrow.instants(batch.column(FEED_COLUMN))
        edges = np.flatnonzero(np.diff(numbers)) + 1
        for first, last in zip([0, *edges], [*edges, len(numbers)], strict=True):
            yield int(numbers[first]), batch.slice(first, last - first)
