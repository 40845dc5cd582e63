"""A condition on trades or quotes is met where they are read: then everything else is made of those that pass.

ticks, InRange, Where(quantity > 2), …   →   ticks where quantity > 2, InRange, …
"""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.in_range import InRange
from tapeql.operators.operator import Plan
from tapeql.operators.where import Where
from tapeql.query.nodes import And
from tapeql.rows.nodes import Bars


def filter_rows(plan: Plan) -> Plan:
    """Where nothing is added to the rows before the condition, so it reads only what is stored of each."""
    rows = plan.rows
    match plan.steps:
        case (InRange() as range, Where(condition=condition), *steps) if not isinstance(rows, Bars):
            if plan.lookback_rows != 0:  # WARMUP counts the rows that do not pass, too
                return plan
            where = condition if rows.where is None else And((rows.where, condition))
            return replace(plan, rows=replace(rows, where=where), steps=(range, *steps))
        case _:
            return plan
