"""Rewriting expressions and the plans they stand in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tapeql.plan.nodes import (
    Bars,
    Compute,
    DayMeasures,
    OnDays,
    Plan,
    Project,
    SessionMeasures,
    Sort,
    Ticks,
    TimeParts,
    Where,
)
from tapeql.query.nodes import (
    And,
    Arithmetic,
    Call,
    Case,
    Column,
    Compare,
    Expr,
    In,
    IsNull,
    Literal,
    Negate,
    Not,
    Or,
    OutputColumn,
    Over,
    Scalar,
    Shift,
    children,
)

Rewrite = Callable[[Expr], Expr]


def with_children(expr: Expr, new: tuple[Expr, ...]) -> Expr:
    """The same node over other operands, given in the order of `children`."""
    match expr:
        case Literal() | Column():
            return expr
        case Shift() | Over() | Negate() | In() | IsNull() | Not():
            return replace(expr, x=new[0])
        case Call():
            return replace(expr, inputs=new)
        case And() | Or():
            return replace(expr, items=new)
        case Scalar():
            return replace(expr, arguments=new)
        case Arithmetic() | Compare():
            return replace(expr, left=new[0], right=new[1])
        case Case():
            pairs = tuple(zip(new[:-1:2], new[1:-1:2], strict=True))
            return replace(expr, whens=pairs, otherwise=new[-1])


def bottom_up(expr: Expr, rewrite: Rewrite) -> Expr:
    """The expression with every node rewritten, operands first."""
    old = children(expr)
    new = tuple(bottom_up(child, rewrite) for child in old)
    return rewrite(expr if new == old else with_children(expr, new))


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


def column_names(expr: Expr) -> frozenset[str]:
    """The columns an expression reads."""
    own = frozenset((expr.name,)) if isinstance(expr, Column) else frozenset[str]()
    return own.union(*(column_names(child) for child in children(expr)))


def column_order(expr: Expr) -> tuple[str, ...]:
    """The columns an expression reads, in order of first appearance."""
    if isinstance(expr, Column):
        return (expr.name,)
    return tuple(dict.fromkeys(name for child in children(expr) for name in column_order(child)))


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
