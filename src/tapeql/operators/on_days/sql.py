"""Chosen days as SQL: IN the result of another plan."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from tapeql.operators import lowering
from tapeql.operators.on_days import OnDays
from tapeql.operators.operator import Plan
from tapeql.sql.attaching import where
from tapeql.sql.state import State, read
from tapeql.sql.statement import Statement
from tapeql.sql.terms import column, select, star, table


def lower(step: OnDays, state: State, statement: Statement, plan: Plan) -> State:
    stream = state.stream
    names = ("session_date",) if step.across else ("exchange", "symbol", "session_date")
    subject = [column(stream.columns[name].name) for name in names]
    with statement.within("chosen"):
        days = read(statement, step.plan.rows)
        for inner in step.plan.steps:
            days = lowering.lower(inner, days, statement, step.plan)
        chosen = [column(days.stream.columns[name].name) for name in names]
        dates = statement.add("days", select(chosen, table(days.stream.relation), distinct=True))
    left = subject[0] if step.across else exp.Tuple(expressions=subject)
    inside = exp.In(this=left, query=exp.Subquery(this=select([star()], table(dates))))
    return replace(state, stream=where(statement, "on_days", stream, inside))
