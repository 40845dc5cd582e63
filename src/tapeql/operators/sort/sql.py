"""ORDER BY as SQL: keys that the last SELECT, and LIMIT before it, order by."""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.operator import Plan
from tapeql.operators.sort import Sort
from tapeql.sql.state import State
from tapeql.sql.statement import Statement


def lower(step: Sort, state: State, statement: Statement, plan: Plan) -> State:
    return replace(state, keys=step.keys)
