"""Groups as SQL that DuckDB and Postgres share."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from tapeql.operators.group import Group
from tapeql.operators.operator import Plan
from tapeql.query.grouped import Measure
from tapeql.query.nodes import Type
from tapeql.sql.state import State, sorted_by
from tapeql.sql.statement import FEED, Statement, Stream
from tapeql.sql.terms import (
    BIGINT,
    Node,
    backwards,
    both,
    call,
    case,
    cast,
    column,
    double,
    filtered,
    integer,
    is_null,
    named,
    negation,
    op,
    over,
    select,
    table,
)

NUMBER = "number"
"""The place of a group in the order of groups."""


def lower(step: Group, state: State, statement: Statement, plan: Plan) -> State:
    stream = state.stream
    types = {c.name: c.type for c in step.keys} | {m.name: m.type for m in step.measures}
    fields = Stream("", {}, ()).fields(types)
    keys: list[Node] = [column(stream.columns[key.name].name) for key in step.keys]
    values = [named(key.copy(), fields[c.name].name) for key, c in zip(keys, step.keys, strict=True)]
    values += [named(_said(measure, stream, statement), fields[measure.name].name) for measure in step.measures]
    grouped = select(
        values or [named(call("count"), "rows")], table(stream.relation), group=[key.copy() for key in keys]
    )
    if not keys:
        grouped = grouped.having(op(">", call("count", exp.Star()), integer(0)), copy=False)
    groups = statement.add("groups", grouped)
    order = [sorted_by(statement, column(fields[key.name].name), key.type) for key in step.keys]
    number = over(call("row_number"), [], order) if order else integer(1)
    listed = [named(cast(integer(0), BIGINT), FEED), exp.Star(), named(number, NUMBER)]
    return replace(
        state, stream=Stream(statement.add("numbered_groups", select(listed, table(groups))), fields, (NUMBER,))
    )


def _said(measure: Measure, stream: Stream, statement: Statement) -> Node:
    inputs: list[Node] = [column(stream.columns[c.name].name) for c in measure.inputs]
    if not inputs:
        return call("count", exp.Star())
    x, y = inputs[0], inputs[-1].copy()
    there = both(*(negation(is_null(each.copy())) for each in inputs))
    total = statement.dialect.sum

    def extreme(which: str, of: Node) -> Node:
        return filtered(call(which, of.copy()), there.copy())

    def varies(of: Node) -> Node:
        return op("<", extreme("min", of), extreme("max", of))

    def first_by(*order: Node) -> Node:
        listed = exp.ArrayAgg(this=exp.Order(this=x.copy(), expressions=list(order)))
        return exp.Bracket(this=exp.Paren(this=filtered(listed, there.copy())), expressions=[integer(0)])

    match measure.function:
        case "count":
            return call("count", x)
        case "count_distinct":
            return exp.Count(this=exp.Distinct(expressions=[x]))
        case "sum":
            return cast(call("sum", x), BIGINT) if measure.type is Type.INT else total(x)
        case "avg":
            return op("/", total(x), cast(call("count", x.copy()), exp.DataType.Type.DOUBLE))
        case "wavg":
            weights = filtered(total(y.copy()), there)
            return case((op("!=", weights, double(0)), op("/", total(op("*", x, y)), weights.copy())))
        case "min" | "max" if measure.type is Type.STRING:
            return call(measure.function, statement.dialect.byte_order(x))
        case "min" | "max":
            return call(measure.function, x)
        case "first":
            return first_by(*stream.order())
        case "last":
            return first_by(*(backwards(key) for key in stream.order()))
        case "arg_min" | "arg_max":
            by = sorted_by(statement, y, measure.inputs[1].type, descending=measure.function == "arg_max")
            return first_by(by, *stream.order())
        case "median":
            return _percentile(x, 0.5)
        case "percentile":
            return _percentile(x, measure.params[0] / 100)
        case "stddev":
            return call("stddev_pop", x)
        case "variance":
            return call("var_pop", x)
        case "corr":
            return case((both(varies(x), varies(y)), call("corr", x, y)))
        case "beta":
            return case(
                (varies(y), op("/", call("covar_pop", x, y), filtered(call("var_pop", y.copy()), there.copy())))
            )
        case _:
            raise AssertionError(measure.function)


def _percentile(x: Node, share: float) -> Node:
    return exp.WithinGroup(
        this=exp.PercentileCont(this=exp.Literal.number(repr(share))),
        expression=exp.Order(expressions=[exp.Ordered(this=x)]),
    )
