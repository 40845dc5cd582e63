"""The range as SQL."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from tapeql.operators.in_range import InRange
from tapeql.operators.operator import Plan
from tapeql.sql.attaching import where
from tapeql.sql.state import State
from tapeql.sql.statement import Statement, Stream
from tapeql.sql.terms import Node, both, column, integer, op


def lower(step: InRange, state: State, statement: Statement, plan: Plan) -> State:
    stream = state.stream
    return replace(state, stream=where(statement, "in_range", stream, kept(step, stream)))


def kept(range: InRange, stream: Stream) -> Node:
    """The condition of the rows asked for."""
    at = column(stream.columns["ts"].name)
    conditions: list[Node] = []
    if range.start_us is not None:
        conditions.append(op(">=", at, integer(range.start_us)))
    if range.end_us is not None:
        conditions.append(op("<", at.copy(), integer(range.end_us)))
    if not range.keep_partial and "complete" in stream.columns:
        conditions.append(column(stream.columns["complete"].name))
    return both(*conditions) if conditions else exp.true()
