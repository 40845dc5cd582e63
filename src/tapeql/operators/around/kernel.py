"""Rows around events: those near any are gathered, then taken for each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame, Vector, join
from tapeql.kernels.gathering import gathered
from tapeql.kernels.series import Series
from tapeql.operators.around import Around
from tapeql.operators.events import ALL, Events, events_of
from tapeql.query.nodes import Type
from tapeql.rows.spans import joined

Instants = npt.NDArray[np.int64]


def run(step: Around, series: Series, context: Context) -> Iterator[Frame]:
    events = context.once(step, lambda: events_of(step, context))
    symbol = series.feed.symbol
    own = events.get(ALL if step.across else (symbol.venue, symbol.code))
    if own is None:
        return
    near = gathered(_near(step, series, own), "AROUND, which shows rows once for each event,", context.memory)
    if near:
        yield _for_each(step, join(near), own)


def _near(step: Around, series: Series, events: Events) -> Iterator[Frame]:
    """The rows around any event."""
    start, end = events.start - step.before_us, events.end + step.after_us
    order = np.argsort(start, kind="stable")
    around = joined(start[order], end[order])
    for frame in series.frames:
        kept = frame.take(around.at(frame["ts"].values))
        if kept.length:
            yield kept


def _for_each(step: Around, rows: Frame, events: Events) -> Frame:
    """The rows of each event, in order of time and then of the events."""
    ts = rows["ts"].values
    first, last = np.searchsorted(ts, events.start - step.before_us), np.searchsorted(ts, events.end + step.after_us)
    counts = np.maximum(last - first, 0)
    event = np.repeat(np.arange(len(counts)), counts)
    at = np.arange(len(event)) - np.repeat(np.cumsum(counts) - counts - first, counts)
    behind = at - np.searchsorted(ts, events.start)[event]
    order = np.lexsort((event, at))
    told = {"event_id": Vector(Type.INT, event[order] + 1), "rel_bar": Vector(Type.INT, behind[order])}
    return rows.take(at[order]).with_columns(told)
