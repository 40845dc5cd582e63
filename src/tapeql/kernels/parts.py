"""Parts of rows' times: local clocks, dates, and places in a session."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tapeql import arrow, calendars
from tapeql.calendars.grid import NO_DATE, Instants
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.labels import placed
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import Expr, Of, Type
from tapeql.query.parts import PARTS, WEEKDAYS
from tapeql.query.rewriting import columns_in
from tapeql.rows.nodes import Bars, Feed, Rows


def with_labels(frame: Frame, rows: Rows, feed: Feed, where: Expr) -> Frame:
    """Trades with the parts of their times and the session words that a condition on each of them reads."""
    more: dict[str, Vector] = {}
    for column in columns_in(where):
        if column.of is Of.TIME:
            more[column.key] = part(column.name, rows, feed, frame)
        elif column.of is Of.SESSIONS:
            flags = calendars.in_session(feed.calendar, rows.reference, column.name, frame["ts"].values, None)
            more[column.key] = Vector(Type.BOOL, flags)
    return frame.with_columns(more)


def part(name: str, rows: Rows, feed: Feed, frame: Frame) -> Vector:
    """One part of the times of some rows of a symbol."""
    ts = frame["ts"].values
    if name in ("since_open", "to_close"):
        return _of_session(name, rows.reference, feed.calendar, ts)
    if name == "bar_of_day":
        assert isinstance(rows, Bars)
        return _place(rows, feed, ts, frame["session_date"])
    if isinstance(rows, Bars) and rows.interval.is_calendar:
        dates, known = frame["session_date"].values, frame["session_date"].valid
        return _of_date(name, dates, known)
    dates = calendars.local_dates(ts, rows.zone)
    if name in ("time", "hour", "minute"):
        clock = calendars.wall_us(ts, rows.zone) % DAY_US
        return Vector(PARTS[name], {"time": clock, "hour": clock // 3_600_000_000}.get(name, clock // 60_000_000 % 60))
    return _of_date(name, dates, None)


def _of_date(name: str, dates: Instants, known: npt.NDArray[np.bool_] | None) -> Vector:
    days = dates.astype("datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64)
    values: Any
    match name:
        case "date":
            values = dates
        case "weekday":
            names = arrow.texts(WEEKDAYS).take(arrow.places((dates + 3) % 7))
            return Vector(Type.STRING, names)
        case "day":
            values = (days - days.astype("datetime64[M]").astype("datetime64[D]")).astype(np.int64) + 1
        case "week":
            thursday = (dates + 3) // 7 * 7
            first = thursday.astype("datetime64[D]").astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
            values = (thursday - first) // 7 + 1
        case "month":
            values = months % 12 + 1
        case "quarter":
            values = months % 12 // 3 + 1
        case _:
            values = months // 12 + 1970
    return Vector(PARTS[name], values, known)


def _of_session(name: str, reference: str, calendar: str, ts: Instants) -> Vector:
    """Since the first opening, or to the last close, of the session of its date that holds an instant."""
    owner = reference if calendars.is_continuous(calendar) else calendar
    low, high = calendars.known_range(owner)  # sessions before and behind the rows may be of their dates, too
    spans = calendars.named_sessions(owner, max(int(ts[0]) - DAY_US, low), min(int(ts[-1]) + DAY_US, high))
    index = placed(ts, spans.start, spans.end)
    if len(spans.start) == 0:
        return Vector(Type.DURATION, np.zeros(len(ts), dtype=np.int64), np.zeros(len(ts), dtype=np.bool_))
    names = np.array(spans.name)
    new = np.append(True, (names[1:] != names[:-1]) | (spans.date[1:] != spans.date[:-1]))
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(names)) - 1
    whole = (np.cumsum(new) - 1)[index]
    values = ts - spans.start[first][whole] if name == "since_open" else spans.end[last][whole] - ts
    return Vector(Type.DURATION, np.where(index >= 0, values, 0), index >= 0)


def _place(bars: Bars, feed: Feed, ts: Instants, dates: Vector) -> Vector:
    """Which of the bars that its session date has room for each is, counted from 1."""
    grid = calendars.build_grid(
        feed.calendar,
        bars.interval,
        int(ts[0]) - 2 * DAY_US,
        int(ts[-1]) + 1,
        zone=bars.zone,
        reference=bars.reference,
        sessions=bars.sessions,
        align=bars.align,
        dates=feed.dates,
    )
    pieces = calendars.edges(grid, int(ts[0]) - 2 * DAY_US, int(ts[-1]) + 1)
    day = grid.session_date[pieces.segment]
    opens, day = pieces.bar_open[day != NO_DATE], day[day != NO_DATE]
    opens, where = np.unique(opens, return_index=True)
    day = day[where]
    first = np.append(True, day[1:] != day[:-1])
    begun = np.flatnonzero(first)[np.cumsum(first) - 1] if len(day) else day
    at = np.searchsorted(opens, ts)
    found = dates.is_valid & (at < len(opens))
    at = np.minimum(at, max(len(opens) - 1, 0))
    if len(opens) == 0:
        return Vector(Type.INT, np.zeros(len(ts), dtype=np.int64), np.zeros(len(ts), dtype=np.bool_))
    found &= opens[at] == ts
    return Vector(Type.INT, at - begun[at] + 1, found)
