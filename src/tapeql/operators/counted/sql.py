"""Sale conditions as SQL: where the tapes have no rules there is nothing to say."""

from __future__ import annotations

from tapeql import tapes
from tapeql.operators.counted import Counted
from tapeql.operators.operator import Plan
from tapeql.sql.dialects import Unsayable
from tapeql.sql.state import State
from tapeql.sql.statement import Statement


def lower(step: Counted, state: State, statement: Statement, plan: Plan) -> State:
    if any(tapes.eligibility(feed.symbol.venue) is not None for feed in plan.rows.feeds):
        raise Unsayable("sale conditions of single trades")
    return state
