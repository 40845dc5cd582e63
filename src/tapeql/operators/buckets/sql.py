"""Stretches of the grid as SQL."""

from __future__ import annotations

from dataclasses import replace

from tapeql.operators.buckets import CLOSING, OPENING, Buckets
from tapeql.operators.operator import Plan
from tapeql.rows.nodes import Bars
from tapeql.sql.grids import bar_grid
from tapeql.sql.state import State
from tapeql.sql.statement import AT, Statement
from tapeql.sql.terms import column, named, select, star, table


def lower(step: Buckets, state: State, statement: Statement, plan: Plan) -> State:
    rows, stream = plan.rows, state.stream
    bars = Bars(step.interval, rows.feeds, rows.sessions, step.align, None, rows.zone, rows.reference)
    grid = bar_grid(statement, "every", bars)
    of = statement.symbol_of(stream.relation)
    at = column(AT, stream.relation)
    inside = grid.inside(at.copy(), min(f.start_us for f in rows.feeds), max(f.end_us for f in rows.feeds))
    opening = grid.opening(statement, at.copy())
    values = {OPENING.name: (OPENING.type, opening), CLOSING.name: (CLOSING.type, grid.closing(opening.copy()))}
    fields = stream.fields({name: type for name, (type, _) in values.items()})
    more = [named(node, fields[name].name) for name, (_, node) in values.items()]
    joins = [*of.joins, *grid.joins(statement, at, of.g)]
    relation = statement.add(
        "bucketed", select([star(stream.relation), *more], table(stream.relation), joins=joins, where=inside)
    )
    return replace(state, stream=replace(stream, relation=relation, columns={**stream.columns, **fields}))
