"""Rewriting the expressions of plans."""

from __future__ import annotations

from dataclasses import replace

from tapeql.plan.nodes import Compute, DayMeasures, OnDays, Plan, Project, SessionMeasures, Sort, TimeParts, Where
from tapeql.query.nodes import OutputColumn
from tapeql.query.rewriting import Rewrite, column_names
from tapeql.rows.nodes import Bars, Ticks


def rewrite_plan(plan: Plan, rewrite: Rewrite, day_measures: bool = True) -> Plan:
    """The plan with a rewrite applied, whole, to each expression of its rows and steps (not of its sub-plans).

    Day measures are over other rows, those of days: `day_measures` False leaves them alone.
    """
    rows = plan.rows
    if isinstance(rows, Bars) and rows.ticks_where is not None:
        rows = replace(rows, ticks_where=rewrite(rows.ticks_where))
    if isinstance(rows, Ticks) and rows.where is not None:
        rows = replace(rows, where=rewrite(rows.where))
    steps = []
    for step in plan.steps:
        match step:
            case Where(condition=condition):
                step = Where(rewrite(condition))
            case Project(columns=columns):
                step = Project(_columns(columns, rewrite))
            case DayMeasures(columns=columns) if day_measures:
                step = replace(step, columns=_columns(columns, rewrite))
            case Sort(keys=keys):
                step = Sort(tuple(replace(k, expr=rewrite(k.expr)) for k in keys))
        steps.append(step)
    return replace(plan, rows=rows, steps=tuple(steps))


def _columns(columns: tuple[OutputColumn, ...], rewrite: Rewrite) -> tuple[OutputColumn, ...]:
    return tuple(OutputColumn(c.name, rewrite(c.expr)) for c in columns)


def columns_read(plan: Plan) -> frozenset[str]:
    """The columns of its rows that a plan's steps read."""
    read: set[str] = {"ts"}
    for step in plan.steps:
        match step:
            case Compute(columns=columns) | Project(columns=columns):
                read.update(*(column_names(c.expr) for c in columns))
            case Where(condition=condition):
                read |= column_names(condition)
            case OnDays() | SessionMeasures() | DayMeasures() | TimeParts():
                read.add("session_date")
    return frozenset(read)
