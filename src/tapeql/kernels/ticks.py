"""Trades and quotes as they are stored, with their session labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tapeql import calendars
from tapeql.calendars.grid import NO_DATE, Grid
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import finite, passes
from tapeql.kernels.frame import Frame, Vector, constant, from_arrow
from tapeql.kernels.labels import placed, session_vector
from tapeql.kernels.parts import with_labels
from tapeql.kernels.quotes import measure, percentages
from tapeql.query.columns import QUOTE, TICK
from tapeql.query.nodes import ANY_INTRADAY, Align, Type
from tapeql.query.rewriting import column_names
from tapeql.rows.nodes import Feed, Quotes, Ticks
from tapeql.storage.schema import TABLES

_OF_BOTH_SIDES = ("spread", "mid", "spread_pct")


def row_frames(rows: Ticks | Quotes, feed: Feed, context: Context, wanted: frozenset[str]) -> Iterator[Frame]:
    """The stored rows of one symbol in the feed's range, a frame a batch; SESSION and TICKS WHERE applied.

    Only the `wanted` columns, `ts`, and what TICKS WHERE reads.
    """
    table, types = ("ticks", TICK) if isinstance(rows, Ticks) else ("quotes", QUOTE)
    where = rows.where if isinstance(rows, Ticks) else None
    wanted = wanted | {"ts"} | (column_names(where) if where is not None else frozenset())
    if not wanted.isdisjoint(_OF_BOTH_SIDES):
        wanted |= {"bid", "ask"}
    stored = [name for name in TABLES[table].schema.names if name in types and name in wanted]
    grid = calendars.build_grid(
        feed.calendar,
        ANY_INTRADAY,
        feed.start_us,
        feed.end_us,
        zone=rows.zone,
        reference=rows.reference,
        sessions=rows.sessions,
        align=Align(),
    )
    symbol = feed.symbol
    for batch in context.scan(table, symbol.venue, symbol.code, feed.start_us, feed.end_us, stored):
        context.cancel.check()
        columns = {name: from_arrow(batch.column(name), types[name]) for name in stored}
        frame = _labelled(rows, feed, grid, batch.num_rows, columns, wanted)
        keep = np.ones(frame.length, dtype=np.bool_)
        if rows.sessions:
            keep = placed(frame["ts"].values, grid.start, grid.end) >= 0
        if where is not None:
            keep &= passes(where, with_labels(frame, rows, feed, where))
        if not keep.all():
            frame = frame.take(keep)
        if frame.length:
            yield frame


def _labelled(
    rows: Ticks | Quotes, feed: Feed, grid: Grid, count: int, columns: dict[str, Vector], wanted: frozenset[str]
) -> Frame:
    ts = columns["ts"].values
    if "symbol" in wanted:
        columns["symbol"] = constant(feed.symbol.code, Type.STRING, count)
    if "exchange" in wanted:
        columns["exchange"] = constant(feed.symbol.venue, Type.STRING, count)
    if "session" in wanted:
        columns["session"] = session_vector(feed.calendar, rows.reference, ts, None)
    if "session_date" in wanted:
        dates = np.append(grid.session_date, NO_DATE)[placed(ts, grid.start, grid.end)]
        columns["session_date"] = Vector(Type.DATE, dates, dates != NO_DATE)
    if isinstance(rows, Quotes) and not wanted.isdisjoint(_OF_BOTH_SIDES):
        bid, ask = columns["bid"].floats(), columns["ask"].floats()
        with np.errstate(all="ignore"):
            both = (bid != 0) & (ask != 0)
            for name in _OF_BOTH_SIDES:
                values = percentages(bid, ask) if name == "spread_pct" else measure(name, bid, ask)
                columns[name] = Vector(Type.FLOAT, finite(np.where(both, values, np.nan)))
    return Frame(count, columns)
