"""Expressions that look at neighbouring rows: SQL windows where they say it well; the rest is left to the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tapeql.operators.compute import Compute
from tapeql.operators.compute.lifting import split_windows
from tapeql.operators.in_range import InRange
from tapeql.operators.in_range.sql import kept
from tapeql.operators.operator import Plan
from tapeql.query.nodes import Call, Column, Expr, OutputColumn, Over, Shift, Type
from tapeql.query.rewriting import with_children
from tapeql.sql.dialects.dialect import Unsayable
from tapeql.sql.state import State
from tapeql.sql.statement import FEED, Statement, Stream, extended
from tapeql.sql.terms import (
    DOUBLE,
    Node,
    call,
    case,
    cast,
    column,
    integer,
    op,
    order,
    over,
    star,
)

WINDOWS: Final = {
    "avg": "avg",
    "sma": "avg",
    "sum": "sum",
    "min": "min",
    "lowest": "min",
    "max": "max",
    "highest": "max",
    "stddev": "stddev_pop",
}
"""Registry functions of one input and a length that SQL has as window aggregates."""


def lower(step: Compute, state: State, statement: Statement, plan: Plan) -> State:
    return replace(state, stream=compute(statement, step, state.stream, "computed"))


def compute(statement: Statement, step: Compute, stream: Stream, name: str = "computed") -> Stream:
    """The stream with the columns of a Compute step."""
    operands: dict[Expr, Column] = {}
    arguments: dict[str, tuple[Type, Node]] = {}
    rowwise = statement.rowwise(stream)
    for output in step.windows:
        for operand in _operands(output.expr):
            if not isinstance(operand, Column) and operand not in operands:
                label = f"operand.{len(operands)}"
                operands[operand] = Column(label, operand.type)
                arguments[label] = (operand.type, rowwise.value(operand))
    visible = stream
    stream = extended(statement, f"{name}_operands", stream, arguments)
    windows: dict[str, tuple[Type, Node]] = {}
    for output in step.windows:
        expr = _over_columns(output.expr, operands)
        windows[output.name] = (expr.type, _window(statement, stream, expr, step.range))
    stream = extended(statement, name, stream, windows)
    hidden = {c: f for c, f in stream.columns.items() if c in visible.columns or not c.startswith("operand.")}
    return Stream(stream.relation, hidden if not arguments else dict(stream.columns), stream.keys)


def with_expressions(statement: Statement, stream: Stream, columns: Sequence[OutputColumn], name: str) -> Stream:
    """The stream with columns that may hold windows anywhere."""
    steps, outer = split_windows(columns)
    for step in steps:
        stream = compute(statement, step, stream, name)
    rowwise = statement.rowwise(stream)
    return extended(statement, name, stream, {c.name: (c.expr.type, rowwise.value(c.expr)) for c in outer})


def _operands(expr: Expr) -> tuple[Expr, ...]:
    match expr:
        case Shift(x=x) | Over(x=x):
            return (x,)
        case Call(inputs=inputs):
            return inputs
        case _:
            raise AssertionError("a Compute column is one Shift, Call or Over")


def _over_columns(expr: Expr, operands: dict[Expr, Column]) -> Shift | Call | Over:

    over_columns = with_children(expr, tuple(operands.get(x, x) for x in _operands(expr)))
    assert isinstance(over_columns, Shift | Call | Over)
    return over_columns


def _window(statement: Statement, stream: Stream, expr: Shift | Call | Over, range: InRange) -> Node:
    rowwise = statement.rowwise(stream)
    feed: list[Node] = [column(FEED)]
    by_time = _order(stream)
    match expr:
        case Shift(x=x, rows=rows):
            return over(call("lag", rowwise.value(x), integer(rows)), feed, by_time)
        case Call(function=function, inputs=(x,), params=(n,)) if function in WINDOWS or function == "count":
            return _of_rows(rowwise.number(x), function, int(n), feed, by_time)
        case Over(aggregate=aggregate, x=x, us=None):
            within = kept(range, stream)
            answer = over(_aggregate(statement, aggregate, rowwise.number(x)), feed, where=within)
        case Over(aggregate=aggregate, x=x, us=int(us)):
            answer = over(_aggregate(statement, aggregate, rowwise.number(x)), feed, by_time[:1], "RANGE", us - 1)
        case _:
            raise Unsayable(str(expr))
    return cast(answer, DOUBLE) if aggregate == "count" else answer


def _of_rows(x: Node, function: str, n: int, feed: list[Node], by_time: list[Node]) -> Node:
    """NULL unless all n rows exist and are not NULL; `count` asks only that they exist."""

    def window(aggregate: Node) -> Node:
        return over(aggregate, [c.copy() for c in feed], [c.copy() for c in by_time], "ROWS", n - 1)

    present = window(call("count", x))
    if function == "count":
        there = op("=", window(call("count", star())), integer(n))
        return case((there, cast(present, DOUBLE)))
    return case((op("=", present, integer(n)), window(call(WINDOWS[function], x.copy()))))


def _aggregate(statement: Statement, name: str, x: Node) -> Node:
    return statement.dialect.median(x) if name == "median" else call(WINDOWS.get(name, name), x)


def _order(stream: Stream) -> list[Node]:
    return order(*(column(key) for key in stream.keys))
