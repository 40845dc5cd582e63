"""LIMIT as SQL."""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.operator import Plan
from tapeql.operators.take import Take
from tapeql.sql.attaching import where
from tapeql.sql.state import State, ordering
from tapeql.sql.statement import Statement
from tapeql.sql.terms import backwards, call, column, integer, named, op, over, select, star, table


def lower(step: Take, state: State, statement: Statement, plan: Plan) -> State:
    stream, limit = state.stream, step.limit
    ordered = ordering(statement, state)
    if limit.last:
        ordered = [backwards(node) for node in ordered]
    if not limit.per:
        taken = select([star()], table(stream.relation), ordered=ordered, limit=limit.rows)
        return replace(state, stream=replace(stream, relation=statement.add("taken", taken)))
    number = over(call("row_number"), [column(stream.columns[name].name) for name in step.groups], ordered)
    ranked = statement.add("ranked", select([star(), named(number, "row")], table(stream.relation)))
    first = op("<=", column("row"), integer(limit.rows))
    return replace(state, stream=where(statement, "taken", replace(stream, relation=ranked), first))
