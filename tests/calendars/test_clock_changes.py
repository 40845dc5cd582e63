"""The grid on the nights clocks change: no bucket twice, none missing, none longer than its interval."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from tapeql.calendars import edges, local_midnight_us
from tests.calendars.grids import (
    DAY,
    HOUR,
    INTERVALS,
    MINUTE,
    assert_sorted_and_disjoint,
    bars_in,
    days,
    grid_of,
    minutes_of,
    us,
)

CHANGES = [
    ("America/New_York", date(2025, 3, 9), 23 * 60),
    ("America/New_York", date(2025, 11, 2), 25 * 60),
    ("Europe/London", date(2025, 3, 30), 23 * 60),
    ("Europe/London", date(2025, 10, 26), 25 * 60),
    ("Australia/Lord_Howe", date(2025, 10, 5), 23 * 60 + 30),
    ("Australia/Lord_Howe", date(2025, 4, 6), 24 * 60 + 30),
    ("America/Sao_Paulo", date(2018, 11, 4), 23 * 60),
    ("America/Sao_Paulo", date(2018, 2, 17), 25 * 60),
    ("Asia/Tokyo", date(2025, 3, 9), 24 * 60),
]


@pytest.mark.parametrize(("zone", "day", "minutes"), CHANGES)
@pytest.mark.parametrize("interval", ["1m", "1h", "4h", "24h", "1d", "1w", "1mo"])
@pytest.mark.parametrize("align", [{}, {"to": "epoch"}, {"to": "time", "time_us": 2 * HOUR + 30 * MINUTE}])
def test_buckets_tile_the_days_around_a_change(
    zone: str, day: date, minutes: int, interval: str, align: dict[str, object]
) -> None:
    """Bars follow one another without gap or overlap, and each holds the midnight-to-midnight pieces it should."""
    start, end = (int(local_midnight_us(days(day) + n, zone)) for n in (-1, 2))
    assert end - start == 2 * DAY + minutes * MINUTE
    grid = grid_of("24x7", interval, start, end, zone=zone, **align)
    found = edges(grid, start, end)
    assert_sorted_and_disjoint(found.slot_start, found.slot_end)
    assert (found.slot_end[:-1] == found.slot_start[1:]).all()
    assert found.slot_start[0] <= start
    assert found.slot_end[-1] >= end
    opens, first = np.unique(found.bar_open, return_index=True)
    closes = found.bar_close[first]
    assert (closes[:-1] == opens[1:]).all()
    assert ((found.bar_open <= found.slot_start) & (found.slot_end <= found.bar_close)).all()
    step = INTERVALS[interval].us
    if step:
        assert (closes - opens <= step).all()


@pytest.mark.parametrize(("zone", "day", "minutes"), CHANGES)
def test_bars_of_the_day_itself(zone: str, day: date, minutes: int) -> None:
    """A 25-hour day has one more hourly bar, a 23-hour day one less, and the last may be short."""
    start, end = (int(local_midnight_us(days(day) + n, zone)) for n in (0, 1))
    for interval, step in (("1m", 1), ("1h", 60), ("4h", 240), ("1d", minutes)):
        grid = grid_of("24x7", interval, start, end, zone=zone)
        found = edges(grid, start, end)
        lengths = ((found.bar_close - found.bar_open) // MINUTE).tolist()
        whole, rest = divmod(minutes, step)
        assert lengths == [step] * whole + [rest] * (rest > 0)
        assert set(grid.session_date[found.segment].tolist()) == {days(day)}


@pytest.mark.parametrize(("zone", "day", "minutes"), CHANGES[:6])
@pytest.mark.parametrize("calendar", ["XNYS", "XLON", "XASX", "forex"])
@pytest.mark.parametrize("interval", ["1m", "1h", "4h", "1d", "1w", "1mo"])
def test_sessions_around_a_change(zone: str, day: date, minutes: int, calendar: str, interval: str) -> None:
    """On a session calendar no piece overlaps another, bars come in order, and the query's zone moves nothing."""
    start, end = us(str(day - timedelta(days=4))), us(str(day + timedelta(days=5)))
    grid = grid_of(calendar, interval, start, end, zone=zone)
    found = edges(grid, start, end)
    assert_sorted_and_disjoint(found.slot_start, found.slot_end)
    assert (np.diff(found.bar_open) >= 0).all()
    assert (found.bar_open[1:][np.diff(found.bar_open) > 0] >= found.bar_close[:-1][np.diff(found.bar_open) > 0]).all()
    if not INTERVALS[interval].is_calendar:
        assert (found.slot_end[:-1] == found.slot_start[1:]).all()
    other = grid_of(calendar, interval, start, end, zone="Asia/Tokyo")
    assert all((getattr(grid, name) == getattr(other, name)).all() for name in grid.__slots__)


def test_spy_opens_an_hour_earlier_after_the_change() -> None:
    """Regular hourly bars began at 14:30Z on 2011-03-11 and at 13:30Z on 2011-03-14, pre-market ones at 09:00Z, 08:00Z."""
    for day, first, regular in (("2011-03-11", "09:00", "14:30"), ("2011-03-14", "08:00", "13:30")):
        bars = [opens[11:] for opens, _ in bars_in(grid_of("XNYS", "1h", day, f"{day}T22"), f"{day}T05", f"{day}T22")]
        assert first in bars
        assert regular in bars
        assert f"{int(regular[:2]) + 6:02}:30" in bars


def test_minutes_of_the_lost_and_the_doubled_hour() -> None:
    """A New York day has 1380 minutes in March and 1500 in November, each once."""
    for start, end, count in (("2025-03-09T05", "2025-03-10T04", 1380), ("2025-11-02T04", "2025-11-03T05", 1500)):
        bars = bars_in(grid_of("24x7", "1m", start, end, zone="America/New_York"), start, end)
        assert len(set(bars)) == len(bars) == count
        assert set(minutes_of(bars)) == {1}
