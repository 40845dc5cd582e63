"""Where reading starts: that many existing rows before the range that what is computed cannot tell the difference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tapeql.errors import Diagnostic
from tapeql.kernels.bars import bar_frames
from tapeql.kernels.context import Context
from tapeql.kernels.ticks import row_frames
from tapeql.operators.fill import FillSlots
from tapeql.operators.operator import Operator, Plan
from tapeql.query.durations import DAY_US
from tapeql.rows.nesting import UNIT_DAYS
from tapeql.rows.nodes import Bars, Feed, Quotes, Rows, Ticks

Instants = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Located:
    """A plan that knows where each symbol's reading starts, and what was noticed finding out."""

    plan: Plan
    notes: tuple[Diagnostic, ...]


def located(plan: Plan, context: Context) -> Located:
    """The plan with every feed's range widened by its warm-up, and by what FILL must see behind the range."""
    notes: list[Diagnostic] = []
    fill = next((step for step in plan.steps if isinstance(step, FillSlots)), None)
    looks_ahead = fill is not None and fill.looks_ahead
    feeds = []
    for feed in plan.rows.feeds:
        feed = _warm(plan.rows, feed, plan.asked.start_us, plan.lookback_rows, plan.lookback_us, context, notes)
        if looks_ahead and isinstance(plan.rows, Bars):
            feed = _to_next_bar(plan.rows, feed, context)
        feeds.append(feed)
    rows: Rows = replace(plan.rows, feeds=tuple(feeds))
    steps: list[Operator] = []
    for step in plan.steps:
        if bars := step.attached():
            step = step.with_attached(_around(bars, rows, step.attached_rows_before(), context))
        inner = [located(days, context) for days in step.plans()]
        notes.extend(note for found in inner for note in found.notes)
        steps.append(step.with_plans(tuple(found.plan for found in inner)))
    return Located(replace(plan, rows=rows, steps=tuple(steps)), tuple(notes))


def _warm(
    rows: Rows,
    feed: Feed,
    start_us: int | None,
    count: int | None,
    us: int,
    context: Context,
    notes: list[Diagnostic],
) -> Feed:
    if start_us is None or (count == 0 and us == 0):
        return feed
    first = _first(rows, feed, context)
    if count is None:
        return replace(feed, start_us=min(feed.start_us, first))
    start, found = _rows_before(rows, feed, start_us - us, count, first, context)
    if found < count and feed.start_us < feed.end_us:
        notes.append(
            Diagnostic(
                "W401",
                f"{feed.symbol} has {found} of the {count} rows before the range that the query looks back to; "
                "values that need more are NULL or less settled",
            )
        )
    return replace(feed, start_us=min(start, feed.start_us))


def _first(rows: Rows, feed: Feed, context: Context) -> int:
    """An instant before which the symbol has no rows."""
    if isinstance(rows, Bars):
        return min(source.start_us for source in feed.sources)
    table = "ticks" if isinstance(rows, Ticks) else "quotes"
    return min(p.min_us for p in context.snapshot.parts(table, feed.symbol.venue, feed.symbol.code))


def _rows_before(rows: Rows, feed: Feed, end_us: int, count: int, first_us: int, context: Context) -> tuple[int, int]:
    """The instant of the `count`-th existing row before `end_us`, and how many of them there are at most `count`."""
    if count == 0:
        return end_us, 0
    found, end = 0, end_us
    width = rows_span_us(rows, count)
    while found < count and end > first_us:
        low = max(end - width, first_us)
        instants = _instants(rows, replace(feed, start_us=low, end_us=end), context)
        if found + len(instants) >= count:
            return int(instants[len(instants) - (count - found)]), count
        found += len(instants)
        end, width = low, width * 2
    return min(first_us, end_us), found


def rows_span_us(rows: Rows, count: int) -> int:
    """A stretch of time that may well hold so many rows."""
    if isinstance(rows, Bars):
        if rows.interval.is_calendar:
            return max(count, 1) * 2 * DAY_US * rows.interval.count * UNIT_DAYS[rows.interval.unit]
        return DAY_US if rows.interval.by else max(DAY_US, 2 * count * rows.interval.us)
    return DAY_US // 24


def _instants(rows: Rows, feed: Feed, context: Context) -> Instants:
    """When the existing rows of a feed open; bars without a price settle nothing and do not count."""
    match rows:
        case Bars():
            frames = bar_frames(rows, feed, context, frozenset(("close",)))
            known = [f["ts"].values[~np.isnan(f["close"].values)] for f in frames]
        case Ticks() | Quotes():
            known = [f["ts"].values for f in row_frames(rows, feed, context, frozenset())]
    return np.concatenate(known) if known else np.empty(0, dtype=np.int64)


def _to_next_bar(rows: Bars, feed: Feed, context: Context) -> Feed:
    """The feed up to the first bar behind its range, so that a hole at the end is seen whole."""
    last = max(source.end_us for source in feed.sources)
    start, width = feed.end_us, rows_span_us(rows, 1)
    while start < last:
        for frame in bar_frames(rows, replace(feed, start_us=start, end_us=start + width), context):
            return replace(feed, end_us=int(frame["ts_close"].values[0]))
        start, width = start + width, width * 2
    return feed


def _around(bars: Bars, rows: Rows, back: int, context: Context) -> Bars:
    """The bars of sessions or days for the dates of the rows, and `back` bars before them."""
    feeds = []
    by_symbol = {feed.symbol: feed for feed in rows.feeds}
    for feed in bars.feeds:
        main = by_symbol.get(feed.symbol)
        if main is None:
            continue
        start, end = main.start_us - 2 * DAY_US, main.end_us
        if isinstance(rows, Bars) and rows.interval.is_calendar:
            end += 2 * DAY_US
        if back:
            start = min(start, _rows_before(bars, feed, start, back, _first(bars, feed, context), context)[0])
        feeds.append(replace(feed, start_us=start, end_us=end))
    return replace(bars, feeds=tuple(feeds))
