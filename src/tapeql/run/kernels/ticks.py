"""Trades and quotes as they are stored, with their session labels."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from tapeql import calendars
from tapeql.calendars.grid import NO_DATE, Grid
from tapeql.plan.expressions import column_names
from tapeql.plan.nodes import Feed, Quotes, Ticks
from tapeql.query.columns import QUOTE, TICK
from tapeql.query.nodes import Align, Interval, Type
from tapeql.run.kernels.context import Context
from tapeql.run.kernels.expressions import finite, passes
from tapeql.run.kernels.frame import Frame, Vector, constant, from_arrow
from tapeql.run.kernels.labels import session_vector
from tapeql.run.kernels.quotes import measure
from tapeql.storage.schema import TABLES

_ANY_INTRADAY = Interval("1h", 3_600_000_000, 0, "")


def row_frames(rows: Ticks | Quotes, feed: Feed, context: Context) -> Iterator[Frame]:
    """The stored rows of one symbol in the feed's range, a frame a batch; SESSION and TICKS WHERE applied."""
    table, types = ("ticks", TICK) if isinstance(rows, Ticks) else ("quotes", QUOTE)
    stored = [name for name in TABLES[table].schema.names if name in types]
    grid = calendars.build_grid(
        feed.calendar,
        _ANY_INTRADAY,
        feed.start_us,
        feed.end_us,
        zone=rows.zone,
        reference=rows.reference,
        sessions=rows.sessions,
        align=Align(),
    )
    for batch in context.snapshot.scan(table, feed.symbol.venue, feed.symbol.code, feed.start_us, feed.end_us, stored):
        context.cancel.check()
        frame = _labelled(rows, feed, grid, batch, {n: from_arrow(batch.column(n), types[n]) for n in stored})
        keep = np.ones(frame.length, dtype=np.bool_)
        if rows.sessions:
            keep = _segment(grid, frame["ts"].values) >= 0
        if isinstance(rows, Ticks) and rows.where is not None:
            keep &= passes(rows.where, _flagged(rows, feed, frame))
        if not keep.all():
            frame = frame.take(keep)
        if frame.length:
            yield frame


def _segment(grid: Grid, ts: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """The segment each instant lies in, -1 outside all of them."""
    index = np.searchsorted(grid.start, ts, side="right") - 1
    inside = (index >= 0) & (ts < grid.end[np.maximum(index, 0)]) if len(grid) else np.zeros(len(ts), np.bool_)
    return np.where(inside, index, -1)


def _labelled(rows: Ticks | Quotes, feed: Feed, grid: Grid, batch: pa.RecordBatch, columns: dict[str, Vector]) -> Frame:
    count = batch.num_rows
    ts = columns["ts"].values
    columns["symbol"] = constant(feed.symbol.code, Type.STRING, count)
    columns["exchange"] = constant(feed.symbol.venue, Type.STRING, count)
    columns["session"] = session_vector(feed.calendar, rows.reference, ts, None)
    segment = _segment(grid, ts)
    dates = np.where(segment >= 0, grid.session_date[segment], NO_DATE) if len(grid) else np.full(count, NO_DATE)
    columns["session_date"] = Vector(Type.DATE, dates, dates != NO_DATE)
    if isinstance(rows, Quotes):
        bid, ask = columns["bid"].floats(), columns["ask"].floats()
        with np.errstate(all="ignore"):
            both = (bid > 0) & (ask > 0)
            for name in ("spread", "mid", "spread_pct"):
                columns[name] = Vector(Type.FLOAT, finite(np.where(both, measure(name, bid, ask), np.nan)))
    return Frame(count, columns)


def _flagged(rows: Ticks, feed: Feed, frame: Frame) -> Frame:
    assert rows.where is not None
    words = [name[3:] for name in column_names(rows.where) if name.startswith("in.")]
    ts = frame["ts"].values
    return frame.with_columns(
        {f"in.{w}": Vector(Type.BOOL, calendars.in_session(feed.calendar, rows.reference, w, ts, None)) for w in words}
    )
