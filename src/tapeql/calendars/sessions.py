"""Named sessions of a calendar over a range, the spans a SESSION clause means, and which rows lie inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql.calendars.grid import Instants, Spans
from tapeql.calendars.markets import is_continuous, zone_of
from tapeql.calendars.schedule import Schedule, check_range, schedule
from tapeql.calendars.zones import DAY_US, local_dates, local_instant_us, local_midnight_us

if TYPE_CHECKING:
    from tapeql.calendars.spec import SessionSpec

NOWHERE = np.array([], dtype=np.int64)


class DatedSpans(NamedTuple):
    """Half-open spans sorted by start, each with its session date; int64."""

    start: Instants
    end: Instants
    date: Instants


def named_sessions(calendar: str, start_us: int, end_us: int) -> Spans:
    """All named sessions that overlap [start_us, end_us), sorted; a day's sessions, lunch-split ones in two spans.

    A 24x7 calendar has none.

    Raises:
        QueryError: the calendar's sessions are not known that early or late.
    """
    if is_continuous(calendar) or start_us >= end_us:
        return Spans(NOWHERE, NOWHERE, (), NOWHERE)
    check_range(calendar, start_us, end_us)
    known = schedule(calendar)
    chosen = slice(np.searchsorted(known.end, start_us, side="right"), np.searchsorted(known.start, end_us))
    names = tuple(known.names[index] for index in known.name[chosen].tolist())
    return Spans(known.start[chosen], known.end[chosen], names, known.date[chosen])


def previous_sessions_start(calendar: str, now_us: int, n: int, zone: str = "UTC") -> int:
    """The instant (µs) at which the last `n` session dates begin, the one under way included.

    A date begins when its market first opens, so before Monday's pre-market the last session is Friday's; on 24x7
    the dates are those of `zone` and begin at midnight.
    """
    if is_continuous(calendar):
        today = int(local_dates(now_us, zone))
        return int(local_midnight_us(today - max(n, 1) + 1, zone))
    check_range(calendar, now_us, now_us)
    known = schedule(calendar)
    first_of_date = known.start[np.append(True, known.date[1:] != known.date[:-1])]
    begun = int(np.searchsorted(first_of_date, now_us, side="right"))
    return int(first_of_date[max(begun - max(n, 1), 0)])


def row_sessions(
    calendar: str, reference: str, start_us: Instants, end_us: Instants | None
) -> tuple[npt.NDArray[np.int64], Spans]:
    """For each row the index of the session in which it lies wholly, -1 if in none, and the sessions indexed.

    Rows are [start_us, end_us), or the instants start_us when end_us is None. On 24x7 the sessions are those of the
    reference calendar.
    """
    owner = reference if is_continuous(calendar) else calendar
    if len(start_us) == 0:
        return np.empty(0, dtype=np.int64), Spans(NOWHERE, NOWHERE, (), NOWHERE)
    ends = start_us + 1 if end_us is None else end_us
    spans = named_sessions(owner, int(start_us.min()), int(start_us.max()) + 1)
    if len(spans.start) == 0:
        return np.full(len(start_us), -1, dtype=np.int64), spans
    index = np.searchsorted(spans.start, start_us, side="right") - 1
    return np.where((index >= 0) & (ends <= spans.end[index]) & (start_us < spans.end[index]), index, -1), spans


def in_session(
    calendar: str, reference: str, name: str, start_us: Instants, end_us: Instants | None
) -> npt.NDArray[np.bool_]:
    """Whether each row ([start_us, end_us), or an instant) lies wholly inside a session called `name`; never NULL."""
    index, spans = row_sessions(calendar, reference, start_us, end_us)
    named = np.array([*(each == name for each in spans.name), False], dtype=np.bool_)
    return named[index]


def spans_of_dates(known: Schedule, first_date: int, last_date: int) -> slice:
    """The spans of the session dates first..last, both included."""
    return slice(
        int(np.searchsorted(known.date, first_date)), int(np.searchsorted(known.date, last_date, side="right"))
    )


def chosen_spans(
    calendar: str, reference: str, zone: str, sessions: tuple[SessionSpec, ...], first_date: int, last_date: int
) -> DatedSpans:
    """The spans a SESSION clause means on the dates first..last: sorted and disjoint.

    Names mean the reference calendar on 24x7; local times are the owner's (the query's zone, every day, where the
    owner is 24x7), on its session dates, into the next day where they end before they start. What two spans share
    belongs to the one that opened first, the longer if both did.
    """
    found = [_spans_of(calendar, reference, zone, spec, first_date, last_date) for spec in sessions]
    start, end, date = (np.concatenate([spans[field] for spans in found]) for field in range(3))
    order = np.lexsort((-end, start))
    start, end, date = start[order], end[order], date[order]
    if len(start) > 1:
        start[1:] = np.maximum(start[1:], np.maximum.accumulate(end)[:-1])
    kept = start < end
    return DatedSpans(start[kept], end[kept], date[kept])


def _spans_of(
    calendar: str, reference: str, zone: str, spec: SessionSpec, first_date: int, last_date: int
) -> DatedSpans:
    if spec.start_us is None or spec.end_us is None:
        owner = spec.calendar or (reference if is_continuous(calendar) else calendar)
        if is_continuous(owner):
            return DatedSpans(NOWHERE, NOWHERE, NOWHERE)
        known = schedule(owner)
        chosen = spans_of_dates(known, first_date, last_date)
        named = known.name[chosen] == (known.names.index(spec.name) if spec.name in known.names else -1)
        return DatedSpans(known.start[chosen][named], known.end[chosen][named], known.date[chosen][named])
    owner = spec.calendar or calendar
    if is_continuous(owner):
        dates = np.arange(first_date, last_date + 1, dtype=np.int64)
    else:
        known = schedule(owner)
        dates = np.unique(known.date[spans_of_dates(known, first_date, last_date)])
        zone = zone_of(owner)
    until_us = spec.end_us if spec.end_us > spec.start_us else spec.end_us + DAY_US
    return DatedSpans(local_instant_us(dates, spec.start_us, zone), local_instant_us(dates, until_us, zone), dates)
