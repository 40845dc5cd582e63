"""WHERE as SQL."""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.operator import Plan
from tapeql.operators.where import Where
from tapeql.sql.attaching import where
from tapeql.sql.state import State
from tapeql.sql.statement import Statement


def lower(step: Where, state: State, statement: Statement, plan: Plan) -> State:
    passing = statement.rowwise(state.stream).truth(step.condition)
    return replace(state, stream=where(statement, "passing", state.stream, passing))
