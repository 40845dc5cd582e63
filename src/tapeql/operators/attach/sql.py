"""Measures of dates as SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tapeql.operators.attach import Attach
from tapeql.operators.compute.sql import with_expressions
from tapeql.operators.operator import Plan
from tapeql.query.nodes import Column, OutputColumn, Type
from tapeql.rows.nodes import Bars
from tapeql.sql.attaching import attached, same_day, unknown
from tapeql.sql.bars import bars
from tapeql.sql.expressions import Field
from tapeql.sql.grids import BarGrid, bar_grid
from tapeql.sql.quote_means import BAR, quote_means
from tapeql.sql.state import State
from tapeql.sql.statement import AT, FEED, Statement, Stream
from tapeql.sql.terms import BIGINT, both, column, op


def lower(step: Attach, state: State, statement: Statement, plan: Plan) -> State:
    """Bars of dates joined by session date: those there are, and for quotes every session, whether it has trades or not."""
    stream = state.stream
    if not step.bars.feeds:
        return replace(state, stream=unknown(statement, "measured", stream, step.measures))
    always = isinstance(plan.rows, Bars) and plan.rows.interval.is_calendar
    with statement.within(step.of.session or "day"):
        for days, measures in _looked_up(step, statement):
            conditions = same_day(stream, days)
            if not always:
                seen = column(days.columns[step.seen_from].name, days.relation)
                conditions.append(op("<=", seen, column(AT, stream.relation)))
            found = {m.name: days.columns[m.name] for m in measures}
            stream = attached(statement, "measured", stream, days.relation, both(*conditions), found)
    return replace(state, stream=stream)


def _looked_up(step: Attach, statement: Statement) -> Iterator[tuple[Stream, tuple[OutputColumn, ...]]]:
    """What is looked up, and the measures that are found there."""
    if step.from_bars:
        days, _ = bars(statement, step.bars, statement.now_us)
        yield with_expressions(statement, days, step.from_bars, "computed"), step.from_bars
    if step.means:
        grid = bar_grid(statement, "slots_grid", step.bars)
        whole = _sessions(statement, "sessions", step.bars, grid)
        names = {m.name: Field(m.expr.name, Type.FLOAT) for m in step.means if isinstance(m.expr, Column)}
        wanted = tuple(field.name for field in names.values())
        means = quote_means(statement, whole.relation, "ts_close", step.bars, grid, wanted)
        on = both(
            op("=", column(FEED, means), column(FEED, whole.relation)),
            op("=", column(BAR, means), column(AT, whole.relation)),
        )
        yield attached(statement, "means", whole, means, on, names), step.means


def _sessions(statement: Statement, name: str, node: Bars, grid: BarGrid) -> Stream:
    """The sessions of each symbol, whether they have bars or not."""
    columns: dict[str, list[object]] = {FEED: [], AT: [], "ts_close": [], "session_date": []}
    for g, segments in grid.grids.items():
        opens, first = np.unique(segments.origin, return_index=True)
        for number in sorted({statement.number(feed) for feed in node.feeds if statement.group(feed) == g}):
            columns[FEED] += [number] * len(opens)
            columns[AT] += opens.tolist()
            columns["ts_close"] += segments.limit[first].tolist()
            columns["session_date"] += segments.session_date[first].tolist()
    relation = statement.constants(name, {c: (BIGINT, values) for c, values in columns.items()})
    fields = {"ts": AT, "ts_close": "ts_close", "session_date": "session_date"}
    return Stream(relation, {c: Field(known, Type.INSTANT) for c, known in fields.items()}, (AT,))
