"""The grid laid out: pieces of bars for kernels, room for FILL, against a reference that looks at one instant."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeql.calendars import NEVER, NO_DATE, build_grid, edges, slots
from tapeql.query.nodes import Align, SessionSpec
from tests.calendars.grids import (
    HOUR,
    INTERVALS,
    MINUTE,
    REGULAR,
    assert_sorted_and_disjoint,
    bars_in,
    grid_of,
    minutes_of,
    us,
    utc,
)
from tests.oracle import grid as slow

CALENDARS = ("24x7", "XNYS", "XLON", "XHKG", "XTKS", "forex", "CMES")
ZONES = ("UTC", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe", "America/Sao_Paulo", "America/St_Johns")
SESSIONS = (
    (),
    REGULAR,
    (SessionSpec("premarket"), SessionSpec("regular")),
    (SessionSpec("x", "XLON", 8 * HOUR, 16 * HOUR + 30 * MINUTE),),
    (SessionSpec("x", None, 10 * HOUR, 11 * HOUR), SessionSpec("regular")),
    (SessionSpec("x", None, 22 * HOUR, 2 * HOUR),),
)
ALIGNS = (
    Align(),
    Align("epoch"),
    Align("epoch", 0, 30 * MINUTE),
    Align("time", 9 * HOUR + 30 * MINUTE),
    Align("time", 2 * HOUR + 30 * MINUTE, 45 * MINUTE),
    Align("session", 0, 30 * MINUTE),
    Align("session", 0, -15 * MINUTE),
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(CALENDARS),
    st.sampled_from([interval for name, interval in INTERVALS.items() if name != "1s"]),
    st.sampled_from(ZONES),
    st.sampled_from(SESSIONS) | st.just(()),
    st.sampled_from(ALIGNS),
    st.integers(us("1990-06-01"), us("2028-01-01")),
    st.integers(1, 500 * HOUR),
    st.randoms(use_true_random=False),
)
def test_any_instant_lies_in_the_one_bar_the_reference_says(
    calendar, interval, zone, sessions, align, start, length, dice
) -> None:
    """Pieces are sorted and disjoint, and an instant's bar, date and market are those found by looking at it alone."""
    if interval.is_calendar:
        align = Align()
    end = start + length
    grid = build_grid(calendar, interval, start, end, zone=zone, reference="XNYS", sessions=sessions, align=align)
    found = edges(grid, start, end)
    assert_sorted_and_disjoint(grid.start, grid.end)
    assert_sorted_and_disjoint(found.slot_start, found.slot_end)
    assert (np.diff(found.bar_open) >= 0).all()
    borders = [ts + nudge for ts in found.slot_start[:: max(len(found.slot_start) // 3, 1)] for nudge in (-1, 0)]
    for ts in [int(b) for b in borders if start <= b < end] + [dice.randrange(start, end) for _ in range(5)]:
        here = int(np.searchsorted(found.slot_start, ts, side="right")) - 1
        got = None
        if here >= 0 and ts < found.slot_end[here]:
            segment = found.segment[here]
            day = int(grid.session_date[segment])
            got = (
                int(found.bar_open[here]),
                int(found.bar_close[here]),
                None if day == NO_DATE else date(1970, 1, 1) + timedelta(days=day),
                bool(grid.market_open[segment] != NEVER),
            )
            if calendar != "24x7" and got[3]:
                assert slow.open_market(calendar, ts)[0] == grid.market_open[segment]
        assert got == slow.bucket_of(calendar, interval, ts, zone, "XNYS", sessions, align)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CALENDARS),
    st.sampled_from([INTERVALS[name] for name in ("1h", "4h", "7h", "1d", "1w", "1mo")]),
    st.sampled_from(SESSIONS),
    st.sampled_from(ALIGNS),
    st.integers(us("2000-06-01"), us("2028-01-01")),
)
def test_a_bar_is_whole_whatever_range_asked_for_it(calendar, interval, sessions, align, start) -> None:
    """The pieces of the bars in a range are the same pieces when a longer range is asked for."""
    ask = {"zone": "America/New_York", "reference": "XNYS", "sessions": sessions, "align": align}
    end = start + 30 * HOUR
    short = build_grid(calendar, interval, start, end, **ask)
    long = build_grid(calendar, interval, start - 2000 * HOUR, end + 2000 * HOUR, **ask)

    def pieces(grid):
        found = edges(grid, start - 20_000 * HOUR, end + 20_000 * HOUR)
        rows = zip(*(array.tolist() for array in found[:4]), found.segment, strict=True)
        return [(*row[:4], int(grid.session_date[row[4]])) for row in rows if row[2] < end and row[3] > start]

    assert pieces(short) == pieces(long)


def test_slots_are_the_bars_of_open_markets() -> None:
    """FILL has room for the three sessions of a day and nothing after; 390 regular minutes; all 1440 on 24x7."""
    day = ("2025-01-15", "2025-01-16")
    span = (us(day[0]), us(day[1]))
    stock = slots(grid_of("XNYS", "1m", *day), *span)
    assert len(stock.open) == 16 * 60
    assert len(slots(grid_of("XNYS", "1m", *day, sessions=REGULAR), *span).open) == 390
    assert len(slots(grid_of("24x7", "1m", *day), *span).open) == 1440
    assert len(slots(grid_of("XHKG", "1m", *day), *span).open) == 330
    assert (np.diff(stock.open) > 0).all()


def test_a_slot_lies_where_its_first_open_piece_does() -> None:
    """An aligned bar that begins in a closed market is one slot, and has the date of the session it reaches."""
    grid = grid_of("XNYS", "4h", "2025-01-15", "2025-01-16", to="epoch")
    found = slots(grid, us("2025-01-15T08:00"), us("2025-01-15T08:01"))
    assert (utc(found.open[0]), utc(found.close[0])) == ("2025-01-15T08:00", "2025-01-15T12:00")
    assert utc(grid.start[found.segment[0]]) == "2025-01-15T09:00"
    assert (grid.session_date[found.segment] != NO_DATE).all()


@pytest.mark.parametrize("calendar", ["24x7", "XNYS"])
def test_slots_of_calendar_units(calendar: str) -> None:
    """Weeks open once each, however many days they hold."""
    grid = grid_of(calendar, "1w", "2025-01-01", "2025-03-01")
    found = slots(grid, us("2025-01-01"), us("2025-03-01"))
    assert len(found.open) == 8
    assert (found.segment[1:] - found.segment[:-1]).tolist() == [7] * 7 if calendar == "24x7" else True


def test_seconds_of_a_week() -> None:
    """Two and a half million seconds are laid out at once, each where arithmetic says."""
    found = edges(grid_of("24x7", "1s", "2025-01-01", "2025-01-30"), us("2025-01-01"), us("2025-01-30"))
    assert len(found.slot_start) == 29 * 86_400
    assert set(np.diff(found.slot_start).tolist()) == {1_000_000}


def test_pieces_cut_by_a_range_are_whole() -> None:
    """A range inside a bar finds that bar, uncut."""
    grid = grid_of("XNYS", "1h", "2025-01-15", "2025-01-16", sessions=REGULAR)
    found = edges(grid, us("2025-01-15T20:40"), us("2025-01-15T20:41"))
    assert [(utc(a), utc(b)) for a, b in zip(found.slot_start, found.slot_end, strict=True)] == [
        ("2025-01-15T20:30", "2025-01-15T21:00")
    ]
    assert minutes_of(bars_in(grid, "2025-01-15T20:30", "2025-01-15T20:31")) == [30]
