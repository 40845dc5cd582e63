"""Rewriting the expressions of plans, and the columns they read."""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.operator import Plan
from tapeql.query.rewriting import Rewrite, column_names
from tapeql.rows.nodes import Bars, Quotes, Ticks


def rewrite_plan(plan: Plan, rewrite: Rewrite) -> Plan:
    """The plan with a rewrite applied, whole, to each expression of its rows and steps (not of its sub-plans)."""
    rows = plan.rows
    if isinstance(rows, Bars) and rows.ticks_where is not None:
        rows = replace(rows, ticks_where=rewrite(rows.ticks_where))
    if isinstance(rows, Ticks | Quotes) and rows.where is not None:
        rows = replace(rows, where=rewrite(rows.where))
    steps = (step.with_expressions(tuple(rewrite(expr) for expr in step.expressions())) for step in plan.steps)
    return replace(plan, rows=rows, steps=tuple(steps))


def columns_read(plan: Plan) -> frozenset[str] | None:
    """The columns of its rows that a plan's steps read; None: all."""
    read: set[str] = {"ts"}
    for step in plan.steps:
        own = step.reads()
        if own is None:
            return None
        read |= own.union(*(column_names(expr) for expr in step.expressions()))
    return frozenset(read)
