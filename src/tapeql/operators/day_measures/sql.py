"""Measures of days as SQL."""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.compute.sql import with_expressions
from tapeql.operators.day_measures import DayMeasures
from tapeql.operators.operator import Plan
from tapeql.sql.attaching import attached, same_day, unknown
from tapeql.sql.bars import bars
from tapeql.sql.state import State
from tapeql.sql.statement import AT, Statement
from tapeql.sql.terms import both, column, op


def lower(step: DayMeasures, state: State, statement: Statement, plan: Plan) -> State:
    """Expressions over the bars of days, seen from the day's opening on."""
    stream = state.stream
    if not step.bars.feeds:
        return replace(state, stream=unknown(statement, "measured", stream, [c.name for c in step.measures]))
    with statement.within("day"):
        days, _ = bars(statement, step.bars, statement.now_us)
        computed = with_expressions(statement, days, step.measures, "computed")
        conditions = same_day(stream, computed)
        conditions.append(op("<=", column(AT, computed.relation), column(AT, stream.relation)))
        found = {c.name: computed.columns[c.name] for c in step.measures}
        measured = attached(statement, "measured", stream, computed.relation, both(*conditions), found)
    return replace(state, stream=measured)
