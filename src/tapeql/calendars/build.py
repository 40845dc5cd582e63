"""Builds the grid of a calendar: time is cut at sessions and midnights into cells, then each cell gets its anchor.

cells    stretches of included time: sessions, closed markets between them, days of a 24x7 calendar
anchors  where buckets start to count: the cell's own opening, a local time of day, or 1970-01-01T00:00Z
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql.calendars.grid import ALWAYS, NEVER, NO_DATE, Grid, Instants
from tapeql.calendars.markets import is_continuous, zone_of
from tapeql.calendars.schedule import FIRST_DATE, LAST_DATE, Schedule, check_range, schedule
from tapeql.calendars.sessions import chosen_spans, spans_of_dates
from tapeql.calendars.spec import ANY_INTRADAY, Align
from tapeql.calendars.units import first_day_of_unit, unit_number
from tapeql.calendars.zones import DAY_US, local_dates, local_instant_us, local_midnight_us

if TYPE_CHECKING:
    from tapeql.calendars.spec import Interval, SessionSpec

SPARE_DAYS = 3
"""Session dates looked at beyond the range: a session may begin the evening before its date."""

_WIDENED_US: Final = 32 * DAY_US
_WIDENED_FROM_US: Final = 366 * DAY_US
_WIDENED_TO_US: Final = (LAST_DATE - FIRST_DATE).days * DAY_US - _WIDENED_FROM_US


class Cells(NamedTuple):
    """Sorted, disjoint stretches of time, int64: the span each was cut from, its date, and its open market."""

    start: Instants
    end: Instants
    span_start: Instants
    span_end: Instants
    date: Instants
    market_open: Instants


@functools.lru_cache(maxsize=128)
def build_grid(
    calendar: str,
    interval: Interval,
    start_us: int,
    end_us: int,
    *,
    zone: str,
    reference: str,
    sessions: tuple[SessionSpec, ...],
    align: Align,
    dates: tuple[int, ...] = (),
) -> Grid:
    """The segments of every bar that intersects [start_us, end_us), whole, in time order; arrays are read-only.

    zone        local midnights of a 24x7 calendar
    reference   the calendar session names mean on 24x7
    sessions    SESSION: only these spans are in the grid
    align       anchors of intraday buckets. OFFSET, modulo the interval, moves every anchor; what then lies between a
                session's opening and its first anchor is a short bar of its own. Bars of calendar units ignore it
    dates       of bars of calendar units that are there although the calendar has no session on them: from midnight to
                midnight of the market, which stays closed

    Raises:
        QueryError: the calendar's sessions are not known in the range.
    """
    if start_us >= end_us:
        return _grid(*[np.empty(0, dtype=np.int64)] * 7)
    if not is_continuous(calendar):
        check_range(calendar, start_us, end_us)
    grid = _shared(calendar, interval, *widened(start_us, end_us), zone, reference, sessions, align, dates)
    return _intersecting(grid, start_us, end_us)


def widened(start_us: int, end_us: int) -> tuple[int, int]:
    """A range around this one that thousands of symbols have in common whose data begin and end at other moments.

    As it is where it comes near the ends of what is known.
    """
    if start_us < _WIDENED_FROM_US or end_us > _WIDENED_TO_US:
        return start_us, end_us
    return start_us // _WIDENED_US * _WIDENED_US, -(-end_us // _WIDENED_US) * _WIDENED_US


@functools.lru_cache(maxsize=128)
def _shared(
    calendar: str,
    interval: Interval,
    start_us: int,
    end_us: int,
    zone: str,
    reference: str,
    sessions: tuple[SessionSpec, ...],
    align: Align,
    dates: tuple[int, ...],
) -> Grid:
    if interval.is_calendar:
        return _units(calendar, interval, start_us, end_us, zone, reference, sessions, dates)
    return _buckets(calendar, interval.us, start_us, end_us, zone, reference, sessions, align)


def openings(calendar: str, start_us: int, end_us: int) -> Instants:
    """When the markets opened that are open in [start_us, end_us), sorted; ALWAYS where the market never closes."""
    grid = build_grid(
        calendar, ANY_INTRADAY, start_us, end_us, zone="UTC", reference="XNYS", sessions=(), align=Align()
    )
    return np.unique(grid.market_open[grid.market_open != NEVER])


# ── buckets of elapsed time ───────────────────────────────────────────────────────────────────────────────────────────


def _buckets(
    calendar: str,
    step_us: int,
    start_us: int,
    end_us: int,
    zone: str,
    reference: str,
    sessions: tuple[SessionSpec, ...],
    align: Align,
) -> Grid:
    low, high = start_us - DAY_US, end_us + DAY_US
    continuous = is_continuous(calendar)
    if sessions:
        cells = _session_cells(calendar, reference, zone, sessions, *_dates(calendar, zone, low, high))
    elif continuous:
        cells = _day_cells(zone, *_dates(calendar, zone, low, high))
    else:
        cells = _market_cells(schedule(calendar), low, high)
    offset = align.offset_us % step_us
    if align.to == "epoch":
        return _anchored(cells, np.full(len(cells.start), offset), step_us, np.full(len(cells.start), NEVER))
    if align.to == "time" or (continuous and not sessions):
        local = zone if continuous else zone_of(calendar)
        time_us = align.time_us if align.to == "time" else 0
        first, last = _dates(calendar, local, low, high)
        anchors = np.unique(local_instant_us(np.arange(first - 2, last + 3), time_us, local)) + offset
        cells = _cut(cells, anchors)
        at = np.searchsorted(anchors, cells.start, side="right") - 1
        inside = (at >= 0) & (at < len(anchors) - 1)
        cells, at = Cells(*(field[inside] for field in cells)), at[inside]
        return _anchored(cells, anchors[at], step_us, anchors[at + 1])
    if not offset:
        return _anchored(cells, cells.span_start, step_us, cells.span_end)
    cells = _cut(cells, np.unique(cells.span_start) + offset)
    first_anchor = cells.span_start + offset
    head = cells.start < first_anchor
    return _anchored(
        cells,
        np.where(head, cells.span_start, first_anchor),
        np.where(head, 0, step_us),
        np.where(head, np.minimum(first_anchor, cells.span_end), cells.span_end),
    )


def _day_cells(zone: str, first_date: int, last_date: int) -> Cells:
    """The days of a 24x7 calendar, midnight to midnight; a date the clocks skip is left out."""
    dates = np.arange(first_date, last_date + 1, dtype=np.int64)
    midnights = local_midnight_us(np.append(dates, last_date + 1), zone)
    start, end = midnights[:-1], midnights[1:]
    real = start < end
    start, end, dates = start[real], end[real], dates[real]
    return Cells(start, end, start, end, dates, np.full(len(dates), ALWAYS))


def _market_cells(known: Schedule, low_us: int, high_us: int) -> Cells:
    """All time between the last close before `low` and the first open after `high`: sessions and closed markets."""
    first = max(int(np.searchsorted(known.end, low_us, side="right")) - 1, 0)
    last = min(int(np.searchsorted(known.start, high_us)) + 1, len(known.start))
    start, end = known.start[first:last], known.end[first:last]
    gap = end[:-1] < start[1:]
    closed = int(gap.sum())
    spans = Cells(start, end, start, end, known.date[first:last], known.run_start[known.run[first:last]])
    gaps = Cells(
        end[:-1][gap],
        start[1:][gap],
        end[:-1][gap],
        start[1:][gap],
        np.full(closed, NO_DATE, dtype=np.int64),
        np.full(closed, NEVER),
    )
    order = np.argsort(np.concatenate([spans.start, gaps.start]), kind="stable")
    return Cells(*(np.concatenate(pair)[order] for pair in zip(spans, gaps, strict=True)))


def _session_cells(
    calendar: str, reference: str, zone: str, sessions: tuple[SessionSpec, ...], first_date: int, last_date: int
) -> Cells:
    """The spans SESSION names, cut where the calendar's own market opens and closes."""
    spans = chosen_spans(calendar, reference, zone, sessions, first_date, last_date)
    whole = Cells(*spans[:2], *spans, np.full(len(spans.start), ALWAYS))
    if is_continuous(calendar):
        return whole
    known = schedule(calendar)
    cells = _cut(whole, np.unique(np.concatenate([known.run_start, known.run_end])))
    run = np.searchsorted(known.run_start, cells.start, side="right") - 1
    is_open = (run >= 0) & (cells.start < known.run_end[run])
    return cells._replace(market_open=np.where(is_open, known.run_start[run], NEVER))


def _cut(cells: Cells, at: Instants) -> Cells:
    """The same time in more cells: none of them goes across an instant of `at` (sorted)."""
    if len(cells.start) == 0:
        return cells
    at = at[np.searchsorted(at, cells.start[0], side="right") : np.searchsorted(at, cells.end[-1])]
    parent = np.searchsorted(cells.start, at, side="right") - 1
    at = at[(cells.start[parent] < at) & (at < cells.end[parent])]
    start = np.sort(np.concatenate([cells.start, at]))
    parent = np.searchsorted(cells.start, start, side="right") - 1
    end = np.minimum(cells.end[parent], np.append(start[1:], NEVER))
    return Cells(start, end, *(field[parent] for field in cells[2:]))


def _anchored(cells: Cells, origin: Instants, step: Instants | int, limit: Instants) -> Grid:
    steps = np.broadcast_to(np.asarray(step, dtype=np.int64), cells.start.shape)
    return _grid(cells.start, cells.end, origin, steps, limit, cells.date, cells.market_open)


# ── bars of calendar units ────────────────────────────────────────────────────────────────────────────────────────────


def _units(
    calendar: str,
    interval: Interval,
    start_us: int,
    end_us: int,
    zone: str,
    reference: str,
    sessions: tuple[SessionSpec, ...],
    dates: tuple[int, ...],
) -> Grid:
    first, last = _dates(calendar, zone, start_us, end_us)
    count, unit = interval.count, interval.unit
    first_unit, last_unit = unit_number(np.array([first, last]), count, unit)
    first, after = (int(day) for day in first_day_of_unit(np.array([first_unit, last_unit + 1]), count, unit))
    if sessions:
        cells = _session_cells(calendar, reference, zone, sessions, first, after - 1)
    elif is_continuous(calendar):
        cells = _day_cells(zone, first, after - 1)
    else:
        known = schedule(calendar)
        chosen = spans_of_dates(known, first, after - 1)
        regular = known.name[chosen] == known.names.index("regular")
        start, end, date = (field[chosen][regular] for field in (known.start, known.end, known.date))
        cells = Cells(start, end, start, end, date, known.run_start[known.run[chosen][regular]])
        cells = _with_dates(cells, np.array([d for d in dates if first <= d < after], dtype=np.int64), calendar)
    if len(cells.start) == 0:
        return _anchored(cells, cells.start, 0, cells.end)
    number = unit_number(cells.date, count, unit)
    begins = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
    ends = np.append(begins[1:], len(number)) - 1
    bar = np.repeat(np.arange(len(begins)), ends - begins + 1)
    opening, closing, date = cells.span_start[begins][bar], cells.span_end[ends][bar], cells.date[begins][bar]
    return _anchored(cells._replace(date=date), opening, 0, closing)


def _with_dates(cells: Cells, dates: Instants, calendar: str) -> Cells:
    """The cells and those of dates without a session, where no other cell is."""
    if len(dates) == 0:
        return cells
    zone = zone_of(calendar)
    start, end = local_midnight_us(dates, zone), local_midnight_us(dates + 1, zone)
    after = np.searchsorted(cells.start, start)
    start = np.maximum(start, np.append(-NEVER, cells.end)[after])
    end = np.minimum(end, np.append(cells.start, NEVER)[after])
    room = start < end
    start, end, dates = start[room], end[room], dates[room]
    more = Cells(start, end, start, end, dates, np.full(len(dates), NEVER))
    order = np.argsort(np.concatenate([cells.start, start]), kind="stable")
    return Cells(*(np.concatenate(pair)[order] for pair in zip(cells, more, strict=True)))


# ── ranges ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _dates(calendar: str, zone: str, low_us: int, high_us: int) -> tuple[int, int]:
    """The first and last date worth looking at for a range of instants, with a few to spare."""
    local = zone if is_continuous(calendar) else zone_of(calendar)
    first, last = local_dates(np.array([low_us, high_us]), local)
    return int(first) - SPARE_DAYS, int(last) + SPARE_DAYS


def _intersecting(grid: Grid, start_us: int, end_us: int) -> Grid:
    """Only the segments with a bar that intersects the range."""
    step = np.maximum(grid.step, 1)
    opening = np.where(grid.step == 0, grid.origin, grid.origin + (grid.start - grid.origin) // step * step)
    closing = np.where(grid.step == 0, grid.limit, grid.origin - (grid.origin - grid.end) // step * step)
    kept = (opening < end_us) & (np.minimum(closing, grid.limit) > start_us)
    return _grid(*(getattr(grid, name)[kept] for name in _FIELDS))


_FIELDS = ("start", "end", "origin", "step", "limit", "session_date", "market_open")


def _grid(*fields: npt.NDArray[np.int64]) -> Grid:
    arrays = [np.ascontiguousarray(field, dtype=np.int64) for field in fields]
    for array in arrays:
        array.setflags(write=False)
    return Grid(*arrays)
