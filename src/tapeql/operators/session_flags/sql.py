"""Session words as SQL: the label of the row."""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.operator import Plan
from tapeql.operators.session_flags import SessionFlags
from tapeql.query.nodes import Type
from tapeql.sql.state import State
from tapeql.sql.statement import Statement, extended
from tapeql.sql.terms import coalesce, column, false, op, text


def lower(step: SessionFlags, state: State, statement: Statement, plan: Plan) -> State:
    session = column(state.stream.columns["session"].name)
    flags = {flag.key: (Type.BOOL, coalesce(op("=", session.copy(), text(flag.name)), false())) for flag in step.flags}
    return replace(state, stream=extended(statement, "flagged", state.stream, flags))
