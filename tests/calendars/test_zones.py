"""Local clocks: dates, midnights, times that are skipped and times that come twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql.calendars import local_dates, local_instant_us, local_midnight_us
from tapeql.errors import QueryError
from tests.calendars.grids import DAY, HOUR, MINUTE, days, us, utc
from tests.oracle import grid as slow

ZONES = (
    "UTC",
    "America/New_York",
    "Europe/London",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Havana",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Asia/Kathmandu",
)


@given(
    st.sampled_from(ZONES),
    st.dates(date(1975, 1, 1), date(2045, 12, 31)),
    st.integers(0, 2 * DAY // MINUTE).map(lambda minutes: minutes * MINUTE),
)
def test_local_time_is_what_zoneinfo_says(zone: str, day: date, time_us: int) -> None:
    """A local time is its first instant, and inside a gap the instant the gap ends."""
    assert int(local_instant_us(days(day), time_us, zone)) == slow.local_instant(day, time_us, zone)


@given(st.sampled_from(ZONES), st.datetimes(datetime(1975, 1, 1), datetime(2045, 1, 1)))
def test_local_date_is_the_midnight_before(zone: str, moment: datetime) -> None:
    """An instant's date is that of the last local midnight, one instant or many at a time."""
    ts = us(moment.isoformat())
    assert int(local_dates(ts, zone)) == days(slow.day_of(ts, zone))
    assert local_dates(np.array([[ts, ts + DAY]]), zone).shape == (1, 2)


@pytest.mark.parametrize("zone", ZONES)
def test_midnights_never_go_back(zone: str) -> None:
    """Over sixty years every midnight follows the one before, and instants between two share a date."""
    dates = np.arange(days(date(1980, 1, 1)), days(date(2040, 1, 1)))
    midnights = local_midnight_us(dates, zone)
    assert (np.diff(midnights) >= 0).all()
    real = np.append(np.diff(midnights) > 0, True)
    assert (local_dates(midnights, zone)[real] == dates[real]).all()
    assert (local_dates(midnights[1:] - 1, zone)[real[:-1]] == dates[:-1][real[:-1]]).all()


def test_skipped_and_repeated_times_of_new_york() -> None:
    """02:30 on a night clocks go forward is 03:00; 01:30 on a night they go back is the first of the two."""
    assert (
        utc(local_instant_us(days(date(2025, 3, 9)), 2 * HOUR + 30 * MINUTE, "America/New_York")) == "2025-03-09T07:00"
    )
    assert utc(local_instant_us(days(date(2025, 11, 2)), HOUR + 30 * MINUTE, "America/New_York")) == "2025-11-02T05:30"


def test_a_midnight_that_clocks_skip() -> None:
    """São Paulo's clocks went from 00:00 to 01:00 on 2018-11-04, so that day began at 01:00."""
    begins = int(local_midnight_us(days(date(2018, 11, 4)), "America/Sao_Paulo"))
    assert (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=begins)).astimezone(
        ZoneInfo("America/Sao_Paulo")
    ).hour == 1
    assert int(local_midnight_us(days(date(2018, 11, 5)), "America/Sao_Paulo")) - begins == 23 * HOUR


def test_a_date_that_clocks_skip() -> None:
    """Samoa had no 2011-12-30: it begins when the 31st does, and no instant has that date."""
    begins = local_midnight_us([days(date(2011, 12, day)) for day in (30, 31)], "Pacific/Apia")
    assert begins[0] == begins[1]
    assert int(local_dates(begins[0], "Pacific/Apia")) == days(date(2011, 12, 31))


def test_dates_beyond_all_markets_are_refused() -> None:
    """A date thousands of years away is a mistake, not a long loop."""
    with pytest.raises(QueryError, match="between the years"):
        local_midnight_us(10_000_000, "Europe/London")
