"""Rows on their way through the operators of a plan, as SQL."""

from __future__ import annotations

from dataclasses import dataclass

from tapeql.query.nodes import Order, Type
from tapeql.rows.nodes import Bars, Quotes, Rows, Ticks
from tapeql.sql.bars import bars
from tapeql.sql.grids import BarGrid
from tapeql.sql.rows import quotes, ticks
from tapeql.sql.statement import Statement, Stream
from tapeql.sql.terms import Node, nulls_last


@dataclass(frozen=True, slots=True)
class State:
    """Rows so far: the stream, the grid of bars, and the keys rows are ordered by before their own order."""

    stream: Stream
    grid: BarGrid | None = None
    keys: tuple[Order, ...] = ()


def read(statement: Statement, rows: Rows) -> State:
    """What a plan begins with."""
    match rows:
        case Bars():
            stream, grid = bars(statement, rows, statement.now_us)
            return State(stream, grid)
        case Ticks():
            return State(ticks(statement, rows))
        case Quotes():
            return State(quotes(statement, rows))


def ordering(statement: Statement, state: State) -> list[Node]:
    """Rows in the order of the result: by the keys of ORDER BY, NULLs last, then as they come."""
    rowwise = statement.rowwise(state.stream)
    keys: list[Node] = []
    for key in state.keys:
        keys.append(sorted_by(statement, rowwise.value(key.expr), key.expr.type, descending=key.descending))
    return [*keys, *state.stream.order()]


def sorted_by(statement: Statement, value: Node, type: Type, *, descending: bool = False) -> Node:
    """A key to order by: texts by their bytes, NULLs last."""
    return nulls_last(statement.dialect.byte_order(value) if type is Type.STRING else value, descending)
