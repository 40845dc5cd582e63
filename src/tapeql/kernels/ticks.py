"""Trades and quotes as they are stored, with their session labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from tapeql import arrow, calendars
from tapeql.calendars.grid import NO_DATE, Grid
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import finite, passes
from tapeql.kernels.frame import Bools, Frame, Vector, constant, from_arrow
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
    """The `wanted` columns, and `ts`, of the stored rows of one symbol in the feed's range, a frame a batch.

    Only of rows in the sessions and, of trades, meeting the condition: what is told of rows is made of those alone.
    """
    table, types = ("ticks", TICK) if isinstance(rows, Ticks) else ("quotes", QUOTE)
    wanted, tested = _with_sources(wanted), frozenset[str]()
    if rows.where is not None:
        tested = _with_sources(column_names(rows.where))
    stored = [n for n in TABLES[table].schema.names if n in types and (n in wanted or n in tested)]
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
        if rows.sessions:
            inside = placed(arrow.instants(batch.column("ts")), grid.start, grid.end) >= 0
            batch = _taken(batch, inside)
        if rows.where is not None and batch.num_rows:
            frame = with_labels(_labelled(rows, feed, grid, batch, tested), rows, feed, rows.where)
            batch = _taken(batch, passes(rows.where, frame))
        if batch.num_rows:
            yield _labelled(rows, feed, grid, batch, wanted)


def _with_sources(names: frozenset[str]) -> frozenset[str]:
    """The columns and those they are made of."""
    sides = frozenset[str]() if names.isdisjoint(_OF_BOTH_SIDES) else frozenset(("bid", "ask"))
    return names | {"ts"} | sides


def _taken(batch: pa.RecordBatch, keep: Bools) -> pa.RecordBatch:
    return batch if keep.all() else batch.take(arrow.places(np.flatnonzero(keep)))


def _labelled(rows: Ticks | Quotes, feed: Feed, grid: Grid, batch: pa.RecordBatch, wanted: frozenset[str]) -> Frame:
    types, count = rows.kind, batch.num_rows
    columns = {name: from_arrow(batch.column(name), types[name]) for name in batch.schema.names if name in wanted}
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
            for name in wanted.intersection(_OF_BOTH_SIDES):
                values = percentages(bid, ask) if name == "spread_pct" else measure(name, bid, ask)
                columns[name] = Vector(Type.FLOAT, finite(np.where(both, values, np.nan)))
    return Frame(count, columns)
