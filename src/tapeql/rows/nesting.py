"""Which stored candles lie each wholly in one bar, and what time they can answer for."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tapeql import arrow, calendars
from tapeql.calendars.grid import NEVER, Grid
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import Align, Interval, SessionSpec
from tapeql.rows.spans import NOWHERE, Instants, Spans, union, without
from tapeql.storage.snapshot import Part, Snapshot

UNIT_DAYS = {"d": 1, "w": 7, "mo": 31, "q": 92, "y": 366}
_UNIT_US = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides a grid besides the symbol's calendar."""

    interval: Interval
    zone: str
    reference: str
    sessions: tuple[SessionSpec, ...]
    align: Align

    def grid(self, calendar: str, start_us: int, end_us: int, dates: tuple[int, ...] = ()) -> Grid:
        return calendars.build_grid(
            calendar,
            self.interval,
            start_us,
            end_us,
            zone=self.zone,
            reference=self.reference,
            sessions=self.sessions,
            align=self.align,
            dates=dates,
        )

    @property
    def reach_us(self) -> int:
        """No bar opens earlier than this before one of its rows."""
        if self.interval.is_calendar:
            return (self.interval.count * UNIT_DAYS[self.interval.unit] + 4) * DAY_US
        return (12 if self.interval.by else 2) * DAY_US  # a market may be closed over holidays


@dataclass(frozen=True, slots=True)
class Nesting:
    """What stored candles of one interval are to the bars.

    covered   the time the store has them for
    fit       the part of it in which each lies wholly in one bar
    within    the sessions ("" for a closed market) they are cut to, since none of them lies wholly in another;
              empty where they need no cutting
    dates     that daily ones stand for although the calendar has no session there
    """

    interval: str
    covered: Spans
    fit: Spans
    within: tuple[str, ...] = ()
    dates: tuple[int, ...] = ()


def is_daily(interval: str) -> bool:
    """Stored candles of a day or longer, which match sessions by date."""
    return unit_of(interval)[0] in UNIT_DAYS


def unit_of(interval: str) -> tuple[str, int]:
    digits = len(interval) - len(interval.lstrip("0123456789"))
    return interval[digits:], int(interval[:digits])


def interval_named(interval: str) -> Interval:
    """A stored interval as one that can be asked for."""
    unit, count = unit_of(interval)
    return Interval(interval, 0, count, unit) if unit in UNIT_DAYS else Interval(interval, interval_us(interval), 0, "")


def interval_us(interval: str) -> int:
    """An approximate length, exact for elapsed time, to tell coarse from fine."""
    unit, count = unit_of(interval)
    return count * (_UNIT_US.get(unit) or UNIT_DAYS[unit] * DAY_US)


def stamped_before(interval: str) -> int:
    """How long before the opening of the bar it lies in a candle may be stamped."""
    unit, count = unit_of(interval)
    return (count * UNIT_DAYS[unit] + 4) * DAY_US if unit in UNIT_DAYS else interval_us(interval)


def stamps(snapshot: Snapshot, parts: Sequence[Part]) -> Instants:
    """The stamps of all candles in these parts of one series."""
    first = parts[0]
    low, high = min(p.min_us for p in parts), max(p.max_us for p in parts) + 1
    columns = [
        arrow.instants(batch.column(0))
        for batch in snapshot.scan("ohlcv", first.venue, first.code, low, high, ("ts",), first.interval)
    ]
    return np.concatenate(columns) if columns else np.empty(0, dtype=np.int64)


# ── days and longer ───────────────────────────────────────────────────────────────────────────────────────────────────


def nesting_of_days(interval: str, parts: Sequence[Part], snapshot: Snapshot, calendar: str, shape: Shape) -> Nesting:
    """Candles of a day or longer lie in bars by the dates they cover."""
    held = _coverage(snapshot, parts)
    ts = stamps(snapshot, parts)
    return _lying(interval, parts[0].venue, calendar, shape, ts.tobytes(), held.start.tobytes(), held.end.tobytes())


@functools.lru_cache(maxsize=128)
def _lying(interval: str, venue: str, calendar: str, shape: Shape, stamped: bytes, start: bytes, end: bytes) -> Nesting:
    """Thousands of symbols of a market are stamped alike."""
    unit, count = unit_of(interval)
    ts, held = _instants(stamped), Spans(_instants(start), _instants(end))
    dates = calendars.stamp_dates(calendar, shape.zone, ts)
    known = dates != calendars.NO_DATE
    spans = calendars.covered_dates(calendar, np.where(known, dates, 0), count, unit)
    low, high = calendars.dates_as_instants(calendar, shape.zone, spans.first, spans.last)
    low, high = np.where(known, low, ts), np.where(known, high, ts + count * UNIT_DAYS[unit] * DAY_US)
    first = np.searchsorted(ts, held.start)
    last = np.searchsorted(ts, held.end) - 1
    some = first <= last
    covered = union(Spans(low[first[some]], high[last[some]]))
    asked = shape.interval
    if not asked.is_calendar or not _holds_whole_days(venue, calendar, shape):
        return Nesting(interval, covered, NOWHERE)
    inside = known & (_number(spans.first, asked) == _number(spans.last, asked))
    fit = covered
    if not inside.all():
        touched = union(Spans(low[~known], high[~known]), _units_of(calendar, shape, spans, known & ~inside))
        fit = without(covered, touched)
    without_session = calendars.sessionless(calendar, spans.first[inside], asked.count, asked.unit)
    return Nesting(interval, covered, fit, dates=tuple(without_session.tolist()))


def _instants(content: bytes) -> Instants:
    return np.frombuffer(content, dtype=np.int64)


def _units_of(calendar: str, shape: Shape, spans: calendars.DateSpans, which: npt.NDArray[np.bool_]) -> Spans:
    """All of the bars that some of the spans of dates touch."""
    asked = shape.interval
    first = calendars.first_day_of_unit(_number(spans.first[which], asked), asked.count, asked.unit)
    after = calendars.first_day_of_unit(_number(spans.last[which], asked) + 1, asked.count, asked.unit)
    return union(Spans(*calendars.dates_as_instants(calendar, shape.zone, first, after - 1)))


def _number(dates: Instants, asked: Interval) -> Instants:
    return calendars.unit_number(dates, asked.count, asked.unit)


def _holds_whole_days(venue: str, calendar: str, shape: Shape) -> bool:
    """Whether days of this venue's candles are days of these bars: sessions of a date, or days around the clock."""
    around_the_clock = calendars.is_continuous(calendar)
    if calendars.is_continuous(calendars.calendar_of(venue)) != around_the_clock:
        return False
    if around_the_clock:
        return not shape.sessions
    return all(s.name == "regular" and s.start_us is None for s in shape.sessions)


# ── less than a day ───────────────────────────────────────────────────────────────────────────────────────────────────


def nesting_of_times(
    interval: str, parts: Sequence[Part], snapshot: Snapshot, calendar: str, shape: Shape, grid: Grid
) -> Nesting:
    """Candles of elapsed time lie in bars by the clock, cut at the edges of sessions that have none of their own."""
    us = interval_us(interval)
    covered = _coverage(snapshot, parts)
    if not shape.interval.is_calendar and us > shape.interval.us:
        return Nesting(interval, covered, NOWHERE)
    if _on_the_clock(parts, us, grid):
        return Nesting(interval, covered, covered)
    ts = stamps(snapshot, parts)
    within = sessions_of(calendar, shape.reference, ts, us)
    placed = calendars.place(cut_to(grid, calendar, shape.reference, within), ts, ts + us)
    if not placed.crosses.any():
        return Nesting(interval, covered, covered, within)
    touched = union(Spans(placed.opening[placed.crosses], placed.closing[placed.crosses]))
    whole = (placed.segment >= 0) & ~touched.at(placed.opening)
    return Nesting(interval, covered, without(covered, touched) if whole.any() else NOWHERE, within)


def _on_the_clock(parts: Sequence[Part], us: int, grid: Grid) -> bool:
    """Whether every edge of the grid falls between two candles, told by the first and last of each part."""
    phase = parts[0].min_us % us
    if any(p.min_us % us != phase or p.max_us % us != phase for p in parts):
        return False
    edges = np.concatenate([grid.start, grid.end, grid.origin])
    return bool(((edges - phase) % us == 0).all() and (grid.step % us == 0).all())


def sessions_of(calendar: str, reference: str, ts: Instants, us: int) -> tuple[str, ...]:
    """The sessions, "" for a closed market, in which at least one candle lies wholly; none named around the clock."""
    if calendars.is_continuous(calendar):
        return ()
    starts, spans = calendars.row_sessions(calendar, reference, ts, ts + us)
    names = np.array([*spans.name, ""])
    closed = (starts < 0) & _closed(calendar, ts, us)
    return tuple(sorted({*names[starts[starts >= 0]].tolist(), *([""] if closed.any() else [])}))


def _closed(calendar: str, ts: Instants, us: int) -> npt.NDArray[np.bool_]:
    """Whether a candle touches no session at all."""
    spans = calendars.named_sessions(calendar, int(ts[0]), int(ts[-1]) + us)
    touched: npt.NDArray[np.bool_] = Spans(spans.start, spans.end).within(ts, ts + us) > 0
    return ~touched


def cut_to(grid: Grid, calendar: str, reference: str, within: tuple[str, ...]) -> Grid:
    """The segments of a grid that lie in the named sessions; all of them where none is named."""
    if not within or calendars.is_continuous(calendar) or len(grid) == 0:
        return grid
    index, spans = calendars.row_sessions(calendar, reference, grid.start, None)
    names = np.array([*spans.name, ""])[index]
    kept = np.isin(names, within) | ((grid.market_open == NEVER) & (grid.session_date != calendars.NO_DATE))
    return grid.only(kept)


def _coverage(snapshot: Snapshot, parts: Sequence[Part]) -> Spans:
    first = parts[0]
    return Spans.of(snapshot.coverage(first.table, first.venue, first.code, first.interval))
