"""The columns of the result as SQL."""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.operator import Plan
from tapeql.operators.project import Project
from tapeql.sql.state import State
from tapeql.sql.statement import FEED, Statement, Stream
from tapeql.sql.terms import Node, column, named, select, table


def lower(step: Project, state: State, statement: Statement, plan: Plan) -> State:
    stream = state.stream
    rowwise = statement.rowwise(stream)
    fields = Stream("", {}, stream.keys).fields({c.name: c.expr.type for c in step.outputs})
    values: list[Node] = [column(key) for key in (FEED, *stream.keys)]
    values += [named(rowwise.value(c.expr), fields[c.name].name) for c in step.outputs]
    relation = statement.add("result", select(values, table(stream.relation)))
    return replace(state, stream=Stream(relation, fields, stream.keys))
