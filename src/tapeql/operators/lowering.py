"""Operators as SQL, where SQL says them well."""

from __future__ import annotations

from tapeql.operators.folders import module_of
from tapeql.operators.operator import Operator, Plan
from tapeql.sql.dialects import Unsayable
from tapeql.sql.state import State
from tapeql.sql.statement import Statement


def lower(step: Operator, state: State, statement: Statement, plan: Plan) -> State:
    """The rows behind an operator. Raises Unsayable where it has no SQL."""
    module = module_of(step, "sql")
    if module is None:
        raise Unsayable(type(step).__name__)
    lowered: State = module.lower(step, state, statement, plan)
    return lowered
