"""Date forms as days and instants."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql.query.dates import Days, Instant, NotADate, iso_date, local_day, months_before, of_value, read
from tests.query.asking import NOW, us

DAY_US = 86_400_000_000
NEW_YORK = "America/New_York"


def iso(days: Days) -> tuple[str, str]:
    return iso_date(days.first), iso_date(days.past)


@pytest.mark.parametrize(
    ("text", "first", "past"),
    [
        ("2025", "2025-01-01", "2026-01-01"),
        ("2025-03", "2025-03-01", "2025-04-01"),
        ("2024-12", "2024-12-01", "2025-01-01"),
        ("2025-Q1", "2025-01-01", "2025-04-01"),
        ("2025-q4", "2025-10-01", "2026-01-01"),
        ("2025-W03", "2025-01-13", "2025-01-20"),
        ("2020-W53", "2020-12-28", "2021-01-04"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("today", "2025-03-12", "2025-03-13"),
        ("yesterday", "2025-03-11", "2025-03-12"),
    ],
)
def test_days(text: str, first: str, past: str) -> None:
    """A date without a time of day is the whole span it names."""
    found = read(text, NEW_YORK, NOW)
    assert isinstance(found, Days)
    assert iso(found) == (first, past)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2025-03-10T09:30", "2025-03-10T13:30"),
        ("2025-03-07T09:30", "2025-03-07T14:30"),
        ("2025-03-10T09:30Z", "2025-03-10T09:30"),
        ("2025-03-10t09:30z", "2025-03-10T09:30"),
        ("2025-03-10T09:30+02:00", "2025-03-10T07:30"),
        ("2025-03-10T09:30-05:30", "2025-03-10T15:00"),
        ("2025-03-10T09:30:15.25Z", "2025-03-10T09:30:15.250000"),
        ("2025-03-10 09:30:15.1234569Z", "2025-03-10T09:30:15.123456"),
        ("2025-03-10T24:00Z", "2025-03-11T00:00"),
        ("now", "2025-03-12T15:00"),
    ],
)
def test_instants(text: str, utc: str) -> None:
    """A date with a time of day is an instant, local unless it says otherwise."""
    assert read(text, NEW_YORK, NOW) == Instant(us(utc))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2025-02-29", "28 days"),
        ("2025-13", "no month 13"),
        ("2025-00-10", "no month 00"),
        ("2025-Q5", "Q1 to Q4"),
        ("2025-W53", "no week 53"),
        ("2025-03-10T25:00", "23:59"),
        ("2025-03-10T24:01", "23:59"),
        ("2025-03-10T09:60", "23:59"),
        ("2025-03-10T09:30+25:00", "away from UTC"),
        ("1066", "out of reach"),
        ("9999", "out of reach"),
        ("tomorrow", "dates are written"),
        ("2025/03/10", "dates are written"),
    ],
)
def test_no_dates(text: str, says: str) -> None:
    """What does not exist says why."""
    with pytest.raises(NotADate, match=says):
        read(text, NEW_YORK, NOW)


def test_a_skipped_local_time_is_the_instant_skipped_to() -> None:
    """02:30 of the night the clocks went forward is 03:00, and carries a note."""
    found = read("2025-03-09T02:30", NEW_YORK, NOW)
    assert found == Instant(us("2025-03-09T07:00"))
    assert isinstance(found, Instant)
    assert "does not exist" in found.note


def test_a_repeated_local_time_is_the_first() -> None:
    """01:30 of the night the clocks went back is the one before the change, and carries a note."""
    found = read("2024-11-03T01:30", NEW_YORK, NOW)
    assert found == Instant(us("2024-11-03T05:30"))
    assert isinstance(found, Instant)
    assert "comes twice" in found.note


def test_a_day_is_as_long_as_its_clocks_say() -> None:
    """A day of a clock change is 23 or 25 hours."""
    for text, hours in (("2025-03-09", 23), ("2024-11-03", 25), ("2025-03-10", 24)):
        days = read(text, NEW_YORK, NOW)
        assert isinstance(days, Days)
        start, end = days.span_us(NEW_YORK)
        assert end - start == hours * 3_600_000_000


def test_today_is_local() -> None:
    """Late in the evening of New York it is tomorrow in Tokyo."""
    late = us("2025-03-12T23:30")
    assert iso_date(local_day(late, NEW_YORK)) == "2025-03-12"
    assert iso_date(local_day(late, "Asia/Tokyo")) == "2025-03-13"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2025-03-10", Days(20157, 20158)),
        ("2025-03-10T09:30", Instant(us("2025-03-10T13:30"))),
        (dt.date(2025, 3, 10), Days(20157, 20158)),
        (dt.datetime(2025, 3, 10, 9, 30), Instant(us("2025-03-10T13:30"))),
        (dt.datetime(2025, 3, 10, 9, 30, tzinfo=dt.UTC), Instant(us("2025-03-10T09:30"))),
        (dt.datetime(2025, 3, 10, 9, 30, tzinfo=ZoneInfo("Asia/Tokyo")), Instant(us("2025-03-10T00:30"))),
        (pd.Timestamp("2025-03-10 09:30"), Instant(us("2025-03-10T13:30"))),
        (pd.Timestamp("2025-03-10 09:30", tz="UTC"), Instant(us("2025-03-10T09:30"))),
        (np.datetime64("2025-03-10T09:30:00", "ns"), Instant(us("2025-03-10T13:30"))),
        (np.datetime64("2025-03-10"), Days(20157, 20158)),
        (1_741_613_400_000_000, Instant(1_741_613_400_000_000)),
        (np.int64(1_741_613_400_000_000), Instant(1_741_613_400_000_000)),
        (2025, Days(20089, 20454)),
    ],
)
def test_bound_values(value: object, found: object) -> None:
    """A bound value means what it would mean written out; numbers are microseconds, or a year."""
    assert of_value(value, NEW_YORK, NOW) == found


@pytest.mark.parametrize("value", [True, 1.5, None, pd.NaT, [1]])
def test_values_that_are_no_dates(value: object) -> None:
    """What is no date is refused, never guessed at."""
    with pytest.raises(NotADate):
        of_value(value, NEW_YORK, NOW)


def test_months_before_end_at_the_end() -> None:
    """A month before the 31st is the last day of that month."""
    day = dt.date(2025, 3, 31).toordinal() - dt.date(1970, 1, 1).toordinal()
    assert iso_date(months_before(day, 1)) == "2025-02-28"
    assert iso_date(months_before(day, 13)) == "2024-02-29"
    assert iso_date(months_before(day, 0)) == "2025-03-31"


@given(st.dates(dt.date(1950, 1, 1), dt.date(2150, 1, 1)), st.sampled_from(["UTC", NEW_YORK, "Australia/Lord_Howe"]))
def test_a_day_begins_on_itself(date: dt.date, zone: str) -> None:
    """The first instant of a date lies in that date, the instant before does not."""
    days = read(date.isoformat(), zone, NOW)
    assert isinstance(days, Days)
    start, end = days.span_us(zone)
    assert local_day(start, zone) == days.first == local_day(start - 1, zone) + 1
    assert local_day(end, zone) == days.past
    assert 0 < end - start <= DAY_US + 3_600_000_000
