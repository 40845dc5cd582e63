"""Named sessions: holidays, early closes, lunch, the forex week, and the rows inside them."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tapeql import calendars
from tapeql.calendars.schedule import schedule
from tapeql.errors import QueryError
from tests.calendars.grids import DAY, HOUR, MINUTE, assert_sorted_and_disjoint, days, us, utc
from tests.oracle import grid as slow


def told(calendar: str, start: str, end: str) -> list[tuple[str, str, str]]:
    spans = calendars.named_sessions(calendar, us(start), us(end))
    return [(name, utc(a), utc(b)) for name, a, b in zip(spans.name, spans.start, spans.end, strict=True)]


def test_the_day_after_thanksgiving_ends_early() -> None:
    """2024-11-29 closed at 18:00Z and its aftermarket at 22:00Z; the day before was a holiday."""
    assert told("XNYS", "2024-11-28", "2024-11-30") == [
        ("aftermarket", "2024-11-27T21:00", "2024-11-28T01:00"),
        ("premarket", "2024-11-29T09:00", "2024-11-29T14:30"),
        ("regular", "2024-11-29T14:30", "2024-11-29T18:00"),
        ("aftermarket", "2024-11-29T18:00", "2024-11-29T22:00"),
    ]


def test_sessions_follow_daylight_saving() -> None:
    """New York opened at 14:30Z on Friday 2011-03-11 and at 13:30Z on Monday 2011-03-14."""
    opens = [start for name, start, _ in told("XNYS", "2011-03-11T05:00", "2011-03-15") if name == "regular"]
    assert opens == ["2011-03-11T14:30", "2011-03-14T13:30"]


def test_lunch_splits_a_session() -> None:
    """Hong Kong and Tokyo trade in two spans, one on a half day; Korea's break ended in 2000."""
    assert told("XHKG", "2024-12-23", "2024-12-25") == [
        ("regular", "2024-12-23T01:30", "2024-12-23T04:00"),
        ("regular", "2024-12-23T05:00", "2024-12-23T08:00"),
        ("regular", "2024-12-24T01:30", "2024-12-24T04:00"),
    ]
    assert [start[11:] for _, start, _ in told("XTKS", "2024-11-05", "2024-11-06")] == ["00:00", "03:30"]
    assert len(told("XKRX", "2000-05-19", "2000-05-20")) == 2
    assert len(told("XKRX", "2000-05-23", "2000-05-24")) == 1


def test_the_forex_week() -> None:
    """Forex opens Sunday 17:00 New York, shuts Friday 17:00, and cuts trade dates at 17:00 across clock changes."""
    spans = calendars.named_sessions("forex", us("2025-03-07T12:00"), us("2025-03-11T12:00"))
    assert [utc(start) for start in spans.start] == ["2025-03-06T22:00", "2025-03-09T21:00", "2025-03-10T21:00"]
    assert spans.date.tolist() == [days(date(2025, 3, day)) for day in (7, 10, 11)]
    week = schedule("forex")
    modern = week.run_start >= 0  # in war time clocks changed on weekdays too
    assert set((week.run_end - week.run_start)[modern].tolist()) == {120 * HOUR}


@pytest.mark.parametrize("calendar", ["XNYS", "XLON", "XTKS", "XHKG", "forex", "CMES"])
def test_schedules_are_sorted_disjoint_and_the_librarys(calendar: str) -> None:
    """Every span of forty years is where the library's schedule, read row by row, puts it."""
    known = schedule(calendar)
    assert_sorted_and_disjoint(known.start, known.end)
    chosen = (known.date >= days(date(1990, 1, 1))) & (known.date <= days(date(2029, 12, 31)))
    ours = list(
        zip(
            known.start[chosen].tolist(),
            known.end[chosen].tolist(),
            (known.names[n] for n in known.name[chosen]),
            known.date[chosen].tolist(),
            strict=True,
        )
    )
    theirs = slow.spans_between(calendar, date(1990, 1, 1), date(2029, 12, 31))
    assert ours == [(s.start, s.end, s.name, days(s.day)) for s in theirs]


def test_a_calendar_that_never_closes_names_no_sessions() -> None:
    """24x7 has no named sessions."""
    assert told("24x7", "2024-01-01", "2025-01-01") == []


def test_ranges_beyond_the_schedule_are_refused() -> None:
    """The message names the dates that are known."""
    with pytest.raises(QueryError, match="XNYS are known from 1900-01-01 to 2049-12-31"):
        calendars.named_sessions("XNYS", us("1899-01-01"), us("1901-01-01"))


def test_hours_that_exchanges_published() -> None:
    """The library is corrected where it lacks a halt, a late opening's premarket, or a Saturday's session."""
    assert told("CMES", "2025-03-10T00:00", "2025-03-11T00:00") == [
        ("regular", "2025-03-09T22:00", "2025-03-10T21:00"),
        ("regular", "2025-03-10T22:00", "2025-03-11T21:00"),
    ]
    assert told("XNYS", "2001-09-17", "2001-09-18") == [
        ("premarket", "2001-09-17T08:00", "2001-09-17T13:33"),
        ("regular", "2001-09-17T13:33", "2001-09-17T20:00"),
        ("aftermarket", "2001-09-17T20:00", "2001-09-18T00:00"),
    ]
    for calendar in ("XNSE", "XBOM"):
        assert told(calendar, "2025-02-01", "2025-02-02") == [("regular", "2025-02-01T03:45", "2025-02-01T10:00")]


def test_the_last_sessions_begin_where_their_market_opens() -> None:
    """`last 1bd` on a Sunday is Friday, on Monday before the pre-market too, after it Monday."""
    start = calendars.previous_sessions_start
    assert utc(start("XNYS", us("2025-03-09T12:00"), 1)) == "2025-03-07T09:00"
    assert utc(start("XNYS", us("2025-03-10T07:59"), 1)) == "2025-03-07T09:00"
    assert utc(start("XNYS", us("2025-03-10T08:00"), 1)) == "2025-03-10T08:00"
    assert utc(start("XNYS", us("2025-03-10T08:00"), 20)) == "2025-02-10T09:00"
    assert utc(start("forex", us("2025-03-10T08:00"), 1)) == "2025-03-09T21:00"
    assert utc(start("24x7", us("2025-03-10T08:00"), 2, "America/New_York")) == "2025-03-09T05:00"


def test_rows_lie_wholly_inside_a_session_or_in_none() -> None:
    """A bar that reaches over the open is in no session; an instant belongs to the session that starts at it."""
    opens = us("2025-03-10T13:30")
    start = np.array([opens - HOUR, opens - 30 * MINUTE, opens, opens + DAY * 5])
    index, spans = calendars.row_sessions("XNYS", "XNYS", start, start + HOUR)
    assert [spans.name[i] if i >= 0 else None for i in index] == ["premarket", None, "regular", None]
    instants = np.array([opens - 1, opens, us("2025-03-11T00:00"), us("2025-03-10T23:59")])
    index, spans = calendars.row_sessions("24x7", "XNYS", instants, None)
    assert [spans.name[i] if i >= 0 else None for i in index] == ["premarket", "regular", None, "aftermarket"]
    assert calendars.in_session("24x7", "XNYS", "premarket", instants, None).tolist() == [True, False, False, False]
    assert calendars.in_session("XLON", "XNYS", "premarket", instants, None).tolist() == [False] * 4
    assert calendars.in_session("XNYS", "XNYS", "regular", start[:0], start[:0]).tolist() == []


def test_rows_on_a_weekend_are_in_no_session() -> None:
    """Where no session overlaps the rows at all, every answer is none."""
    saturday = np.array([us("2025-03-08T12:00")])
    assert calendars.row_sessions("24x7", "XNYS", saturday, saturday + HOUR)[0].tolist() == [-1]
    assert calendars.in_session("XNYS", "XNYS", "regular", saturday, None).tolist() == [False]
