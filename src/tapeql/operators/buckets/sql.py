"""Stretches of the grid as SQL."""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.buckets import CLOSING, OPENING, Buckets
from tapeql.operators.operator import Plan
from tapeql.sql.grids import bar_grid
from tapeql.sql.state import State
from tapeql.sql.statement import AT, Statement
from tapeql.sql.terms import column, named, select, star, table


def lower(step: Buckets, state: State, statement: Statement, plan: Plan) -> State:
    rows, stream = plan.rows, state.stream
    grid = bar_grid(statement, "every", step.bars(rows))
    of = statement.symbol_of(stream.relation)
    at = column(AT, stream.relation)
    inside = grid.inside(at.copy(), min(f.start_us for f in rows.feeds), max(f.end_us for f in rows.feeds))
    opening = grid.opening(statement, at.copy())
    values = {OPENING: opening, CLOSING: grid.closing(opening.copy())}
    fields = stream.fields({bound.name: bound.type for bound in values})
    more = [named(node, fields[bound.name].name) for bound, node in values.items()]
    joins = [*of.joins, *grid.joins(statement, at, of.g)]
    relation = statement.add(
        "bucketed", select([star(stream.relation), *more], table(stream.relation), joins=joins, where=inside)
    )
    return replace(state, stream=replace(stream, relation=relation, columns={**stream.columns, **fields}))
