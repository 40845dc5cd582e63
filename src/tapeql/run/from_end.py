"""LIMIT LAST reads backwards: the last stretch first, then longer ones until it holds enough rows.

A row is the same whatever range it is asked in, so the last rows of a stretch that has enough are the last of all (not so with
WARMUP, which counts from the range's beginning).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pyarrow as pa

from tapeql.operators.operator import Plan
from tapeql.operators.take import Take
from tapeql.query.nodes import Column, Limit
from tapeql.run.locate import rows_span_us
from tapeql.run.slices import within
from tapeql.words.clauses.warmup import ReadBefore

GROWTH: Final = 4
"""How much longer each stretch is than the one before: at most a third is read in vain."""


def limit_from_end(plan: Plan) -> Limit | None:
    """The LIMIT LAST of a plan whose last rows can be told without the others."""
    take = next((step.limit for step in plan.steps if isinstance(step, Take)), None)
    if take is None or not take.last or plan.asked.of(ReadBefore) is not None:
        return None
    by_symbol = {expr.name for expr in take.per if isinstance(expr, Column)} == {"exchange", "symbol"}
    if not by_symbol and (take.per or len(plan.rows.feeds) > 1):
        return None
    sees_range = any(step.sees_range for step in plan.steps if not isinstance(step, Take))
    return None if sees_range else take


def from_end(plan: Plan, limit: Limit, run: Callable[[Plan], Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    """The result of a plan, read from its end."""
    feeds = plan.rows.feeds
    first, end = min(feed.start_us for feed in feeds), max(feed.end_us for feed in feeds)
    wanted = limit.rows * len(feeds)
    width = rows_span_us(plan.rows, limit.rows)
    while end - width > first:
        found = list(run(within(plan, end - width, None)))
        if sum(batch.num_rows for batch in found) == wanted:
            yield from found
            return
        width *= GROWTH
    yield from run(plan)
