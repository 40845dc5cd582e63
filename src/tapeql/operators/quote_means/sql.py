"""Quote means as SQL."""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.operator import Plan
from tapeql.operators.quote_means import QuoteMeans
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Bars
from tapeql.sql.attaching import attached
from tapeql.sql.expressions import Field
from tapeql.sql.quote_means import BAR, quote_means
from tapeql.sql.state import State
from tapeql.sql.statement import AT, FEED, Statement
from tapeql.sql.terms import both, column, op


def lower(step: QuoteMeans, state: State, statement: Statement, plan: Plan) -> State:
    assert isinstance(plan.rows, Bars)
    assert state.grid is not None
    stream, closing = state.stream, state.stream.columns["ts_close"].name
    means = quote_means(statement, stream.relation, closing, plan.rows, state.grid, step.measures)
    on = both(
        op("=", column(FEED, means), column(FEED, stream.relation)),
        op("=", column(BAR, means), column(AT, stream.relation)),
    )
    found = {name: Field(name, Type.FLOAT) for name in step.measures}
    return replace(state, stream=attached(statement, "measured", stream, means, on, found))
