"""Measures of sessions as SQL."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tapeql.operators.operator import Plan
from tapeql.operators.session_measures import SessionMeasures
from tapeql.query.columns import QUOTE_MEASURES
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Bars
from tapeql.sql.attaching import attached, same_day, unknown
from tapeql.sql.bars import bars
from tapeql.sql.expressions import Field
from tapeql.sql.grids import BarGrid, bar_grid
from tapeql.sql.quote_means import BAR, quote_means
from tapeql.sql.state import State
from tapeql.sql.statement import AT, FEED, Statement, Stream
from tapeql.sql.terms import BIGINT, both, column, op


def lower(step: SessionMeasures, state: State, statement: Statement, plan: Plan) -> State:
    """One row a session, whether it has trades or not, joined by session date."""
    stream = state.stream
    if not step.bars.feeds:
        names = [f"{step.session}.{m}" for m in step.measures]
        return replace(state, stream=unknown(statement, "measured", stream, names))
    with statement.within(step.session):
        from_quotes = tuple(m for m in step.measures if m in QUOTE_MEASURES)
        from_bars = tuple(m for m in step.measures if m not in QUOTE_MEASURES)
        grid = bar_grid(statement, "slots_grid", step.bars)
        whole = _sessions(statement, "sessions", step.bars, grid)
        fields = {c: Field(c, Type.INSTANT) for c in ("ts_close", "session_date")}
        found = Stream(whole, fields, (AT,))
        if from_bars:
            bar_stream, _ = bars(statement, step.bars, statement.now_us)
            on = both(
                op("=", column(FEED, bar_stream.relation), column(FEED, whole)),
                op("=", column(AT, bar_stream.relation), column(AT, whole)),
            )
            picked = {m: bar_stream.columns[m] for m in from_bars}
            found = attached(statement, "with_bars", found, bar_stream.relation, on, picked)
        if from_quotes:
            means = quote_means(statement, found.relation, "ts_close", step.bars, grid, from_quotes)
            on = both(
                op("=", column(FEED, means), column(FEED, found.relation)),
                op("=", column(BAR, means), column(AT, found.relation)),
            )
            picked = {m: Field(m, Type.FLOAT) for m in from_quotes}
            found = attached(statement, "with_quotes", found, means, on, picked)
        conditions = same_day(stream, found)
        if not (isinstance(plan.rows, Bars) and plan.rows.interval.is_calendar):
            conditions.append(op("<=", column("ts_close", found.relation), column(AT, stream.relation)))
        found_columns = {f"{step.session}.{m}": found.columns[m] for m in step.measures}
        measured = attached(statement, "measured", stream, found.relation, both(*conditions), found_columns)
    return replace(state, stream=measured)


def _sessions(statement: Statement, name: str, node: Bars, grid: BarGrid) -> str:
    """The sessions of each symbol, whether they have bars or not: (feed, ts_us, ts_close, session_date)."""
    columns: dict[str, list[object]] = {FEED: [], AT: [], "ts_close": [], "session_date": []}
    for g, segments in grid.grids.items():
        opens, first = np.unique(segments.origin, return_index=True)
        for number in sorted({statement.number(feed) for feed in node.feeds if statement.group(feed) == g}):
            columns[FEED] += [number] * len(opens)
            columns[AT] += opens.tolist()
            columns["ts_close"] += segments.limit[first].tolist()
            columns["session_date"] += segments.session_date[first].tolist()
    return statement.constants(name, {c: (BIGINT, values) for c, values in columns.items()})
