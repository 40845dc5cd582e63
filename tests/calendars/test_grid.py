"""Bars on known days: early closes, holidays, lunch, weeks and months, anchors and offsets."""

from __future__ import annotations

from datetime import date

import pytest

from tapeql.calendars import ALWAYS, NEVER, NO_DATE, build_grid, edges
from tapeql.query.nodes import Align, SessionSpec
from tests.calendars.grids import HOUR, INTERVALS, MINUTE, REGULAR, bars_in, days, grid_of, minutes_of, us, utc


def regular_minutes(day: str) -> list[int]:
    return minutes_of(bars_in(grid_of("XNYS", "1h", day, f"{day}T23", sessions=REGULAR), day, f"{day}T23"))


def test_seven_regular_hours_and_four_on_an_early_close() -> None:
    """A full day has seven hourly bars, the last of 30 minutes; the day after Thanksgiving four; a holiday none."""
    assert regular_minutes("2024-11-27") == [60] * 6 + [30]
    assert regular_minutes("2024-11-28") == []
    assert regular_minutes("2024-11-29") == [60, 60, 60, 30]


def test_all_hours_restart_at_each_session() -> None:
    """Pre-market counts from 04:00, regular from 09:30, aftermarket from the close, closed time from the close before."""
    grid = grid_of("XNYS", "4h", "2024-11-29", "2024-11-30")
    assert bars_in(grid, "2024-11-29", "2024-11-30") == [
        ("2024-11-29T01:00", "2024-11-29T05:00"),
        ("2024-11-29T05:00", "2024-11-29T09:00"),
        ("2024-11-29T09:00", "2024-11-29T13:00"),
        ("2024-11-29T13:00", "2024-11-29T14:30"),
        ("2024-11-29T14:30", "2024-11-29T18:00"),
        ("2024-11-29T18:00", "2024-11-29T22:00"),
        ("2024-11-29T22:00", "2024-11-30T02:00"),
    ]


def test_the_open_market_and_its_date() -> None:
    """The three sessions of a day are one open market of one date; closed time has neither."""
    grid = grid_of("XNYS", "1h", "2024-11-29", "2024-11-30")
    market = us("2024-11-29T09:00")
    friday = days(date(2024, 11, 29))
    segments = zip(map(utc, grid.start), grid.market_open.tolist(), grid.session_date.tolist(), strict=True)
    assert list(segments) == [
        ("2024-11-28T01:00", NEVER, NO_DATE),
        ("2024-11-29T09:00", market, friday),
        ("2024-11-29T14:30", market, friday),
        ("2024-11-29T18:00", market, friday),
        ("2024-11-29T22:00", NEVER, NO_DATE),
    ]
    daily = grid_of("XNYS", "1d", "2024-11-29", "2024-11-30")
    assert daily.market_open.tolist() == [market]
    assert set(grid_of("24x7", "1h", "2024-11-29", "2024-11-30").market_open.tolist()) == {ALWAYS}


def test_lunch_is_a_closed_market() -> None:
    """Hong Kong's afternoon is a market of its own, anchored at 13:00, and the pause between has no date."""
    grid = grid_of("XHKG", "1h", "2024-12-23T01:30", "2024-12-23T08:00")
    assert [utc(opens)[11:] for opens in grid.origin] == ["01:30", "04:00", "05:00"]
    assert [opens == NEVER for opens in grid.market_open] == [False, True, False]
    assert bars_in(grid, "2024-12-23T01:30", "2024-12-23T08:00") == [
        ("2024-12-23T01:30", "2024-12-23T02:30"),
        ("2024-12-23T02:30", "2024-12-23T03:30"),
        ("2024-12-23T03:30", "2024-12-23T04:00"),
        ("2024-12-23T04:00", "2024-12-23T05:00"),
        ("2024-12-23T05:00", "2024-12-23T06:00"),
        ("2024-12-23T06:00", "2024-12-23T07:00"),
        ("2024-12-23T07:00", "2024-12-23T08:00"),
    ]
    daily = grid_of("XTKS", "1d", "2024-11-05", "2024-11-06")
    assert len(daily) == 2
    assert bars_in(daily, "2024-11-05", "2024-11-06") == [("2024-11-05T00:00", "2024-11-05T06:30")]


def test_london_half_hours() -> None:
    """`30m SESSION 08:00..16:30 OF XLON` is seventeen bars, in winter and in summer."""
    sessions = (SessionSpec("08:00..16:30", "XLON", 8 * HOUR, 16 * HOUR + 30 * MINUTE),)
    for day, first in (("2025-01-15", "08:00"), ("2025-07-15", "07:00")):
        bars = bars_in(grid_of("XLON", "30m", day, f"{day}T23", sessions=sessions), day, f"{day}T23")
        assert len(bars) == 17
        assert bars[0][0] == f"{day}T{first}"


def test_local_times_skip_the_days_their_calendar_skips() -> None:
    """Hours OF XLON exist on London's trading days; on a 24x7 calendar of its own, every day."""
    hours = {"start_us": 8 * HOUR, "end_us": 9 * HOUR}
    start, end = "2024-12-24", "2024-12-28"
    london = grid_of("24x7", "1h", start, end, sessions=(SessionSpec("x", "XLON", **hours),))
    assert [utc(opens)[:10] for opens in london.start] == ["2024-12-24", "2024-12-27"]
    always = grid_of("24x7", "1h", start, end, sessions=(SessionSpec("x", None, **hours),), zone="Asia/Tokyo")
    assert [utc(opens) for opens in always.start] == [f"2024-12-{day}T23:00" for day in (24, 25, 26, 27)]


def test_hours_across_the_close_are_cut_there() -> None:
    """Local hours that reach beyond the market's close keep their buckets, and are closed where the market is."""
    sessions = (SessionSpec("x", None, 19 * HOUR, 21 * HOUR),)
    grid = grid_of("XNYS", "4h", "2025-01-15", "2025-01-17", sessions=sessions)
    assert [opens == NEVER for opens in grid.market_open] == [False, True] * 2
    assert minutes_of(bars_in(grid, "2025-01-15", "2025-01-17")) == [120, 120]


def test_hours_past_midnight_and_hours_that_overlap() -> None:
    """22:00..02:00 ends the next day; what two sessions share belongs to the one that opened first."""
    night = (SessionSpec("night", None, 22 * HOUR, 2 * HOUR),)
    assert bars_in(grid_of("24x7", "4h", "2025-01-15", "2025-01-16", sessions=night), "2025-01-15", "2025-01-16") == [
        ("2025-01-15T22:00", "2025-01-16T02:00")
    ]
    both = (SessionSpec("late", None, 15 * HOUR, 17 * HOUR), *REGULAR)
    bars = bars_in(grid_of("XNYS", "7h", "2025-01-15", "2025-01-16", sessions=both), "2025-01-15", "2025-01-16")
    assert bars == [("2025-01-15T14:30", "2025-01-15T21:00"), ("2025-01-15T21:00", "2025-01-15T22:00")]


def test_sessions_on_a_market_that_never_closes() -> None:
    """`SESSION regular` on 24x7 means the reference calendar's hours and trading days, with the market always open."""
    grid = grid_of("24x7", "1h", "2024-11-27", "2024-12-01", sessions=REGULAR)
    assert grid.session_date.tolist() == [days(date(2024, 11, day)) for day in (27, 29)]
    assert set(grid.market_open.tolist()) == {ALWAYS}
    assert len(bars_in(grid, "2024-11-27", "2024-12-01")) == 7 + 4


def test_the_forex_week_is_one_market() -> None:
    """All segments of a week share the Sunday opening; the weekend is closed."""
    grid = grid_of("forex", "4h", "2025-03-10", "2025-03-15")
    is_open = grid.market_open != NEVER
    assert {utc(opens) for opens in grid.market_open[is_open]} == {"2025-03-09T21:00"}
    assert (is_open.tolist(), utc(grid.start[-1])) == ([True] * 5 + [False], "2025-03-14T21:00")


@pytest.mark.parametrize(
    ("interval", "asked", "bar", "first"),
    [
        ("1d", "2024-11-29", ("2024-11-29T14:30", "2024-11-29T18:00"), date(2024, 11, 29)),
        ("1w", "2024-11-27", ("2024-11-25T14:30", "2024-11-29T18:00"), date(2024, 11, 25)),
        ("1w", "2025-01-22", ("2025-01-21T14:30", "2025-01-24T21:00"), date(2025, 1, 21)),
        ("1mo", "2024-06-12", ("2024-06-03T13:30", "2024-06-28T20:00"), date(2024, 6, 3)),
        ("1q", "2024-06-12", ("2024-04-01T13:30", "2024-06-28T20:00"), date(2024, 4, 1)),
        ("1y", "2024-06-12", ("2024-01-02T14:30", "2024-12-31T21:00"), date(2024, 1, 2)),
        ("2y", "2025-06-12", ("2024-01-02T14:30", "2025-12-31T21:00"), date(2024, 1, 2)),
    ],
)
def test_units_hold_regular_sessions_whole(interval: str, asked: str, bar: tuple[str, str], first: date) -> None:
    """A bar of a calendar unit runs from its first open to its last close, also when asked for a day inside it."""
    grid = grid_of("XNYS", interval, f"{asked}T15", f"{asked}T16")
    assert {(utc(a), utc(b)) for a, b in zip(grid.origin, grid.limit, strict=True)} == {bar}
    assert set(grid.session_date.tolist()) == {days(first)}
    assert (grid.end - grid.start).max() <= 6.5 * HOUR


@pytest.mark.parametrize(
    ("interval", "asked", "bar"),
    [
        ("1d", "2025-03-10", ("2025-03-10T04:00", "2025-03-11T04:00")),
        ("2d", "2000-01-04", ("2000-01-03T05:00", "2000-01-05T05:00")),
        ("2d", "1999-12-31", ("1999-12-30T05:00", "2000-01-01T05:00")),
        ("2w", "2000-01-16", ("2000-01-03T05:00", "2000-01-17T05:00")),
        ("2w", "2000-01-02", ("1999-12-20T05:00", "2000-01-03T05:00")),
        ("1mo", "2025-03-10", ("2025-03-01T05:00", "2025-04-01T04:00")),
        ("1q", "2025-03-10", ("2025-01-01T05:00", "2025-04-01T04:00")),
        ("1y", "2025-03-10", ("2025-01-01T05:00", "2026-01-01T05:00")),
        ("5y", "1999-03-10", ("1995-01-01T05:00", "2000-01-01T05:00")),
    ],
)
def test_units_of_a_market_that_never_closes(interval: str, asked: str, bar: tuple[str, str]) -> None:
    """Units run from local midnight to local midnight; several are counted from Monday 2000-01-03 or January 2000."""
    grid = grid_of("24x7", interval, f"{asked}T12", f"{asked}T13", zone="America/New_York")
    assert {(utc(a), utc(b)) for a, b in zip(grid.origin, grid.limit, strict=True)} == {bar}
    assert utc(grid.start[0]) == bar[0]
    assert utc(grid.end[-1]) == bar[1]


def test_days_of_several_sessions() -> None:
    """`1d SESSION premarket, regular` is one bar of two segments."""
    grid = grid_of(
        "XNYS", "1d", "2025-03-10", "2025-03-11", sessions=(SessionSpec("premarket"), SessionSpec("regular"))
    )
    assert len(grid) == 2
    assert bars_in(grid, "2025-03-10", "2025-03-11") == [("2025-03-10T08:00", "2025-03-10T20:00")]


def test_align_epoch_spans_sessions() -> None:
    """Aligned to the epoch, a bar may reach over an opening; its pieces stay apart at the bell."""
    grid = grid_of("XNYS", "4h", "2025-01-15", "2025-01-16", to="epoch")
    found = edges(grid, us("2025-01-15T12:00"), us("2025-01-15T16:00"))
    assert {utc(opens) for opens in found.bar_open} == {"2025-01-15T12:00"}
    assert {utc(closes) for closes in found.bar_close} == {"2025-01-15T16:00"}
    assert [utc(start)[11:] for start in found.slot_start] == ["12:00", "14:30"]


def test_align_to_a_time_of_day() -> None:
    """ALIGN 09:30 anchors every day's buckets there, in the calendar's zone, or the query's on 24x7."""
    at = {"to": "time", "time_us": 9 * HOUR + 30 * MINUTE}
    stock = bars_in(grid_of("XNYS", "7h", "2025-01-15T12", "2025-01-16", **at), "2025-01-15T12", "2025-01-16")
    assert [opens[11:] for opens, _ in stock] == ["14:30", "21:30"]
    coin = bars_in(
        grid_of("24x7", "7h", "2025-03-09", "2025-03-10", zone="Asia/Tokyo", **at), "2025-03-09", "2025-03-10"
    )
    assert coin == [
        ("2025-03-09T00:30", "2025-03-09T07:30"),
        ("2025-03-09T07:30", "2025-03-09T14:30"),
        ("2025-03-09T14:30", "2025-03-09T21:30"),
        ("2025-03-09T21:30", "2025-03-10T00:30"),
    ]


def test_offset_moves_the_anchors() -> None:
    """On 24x7 the whole day shifts; in a session what lies before the first anchor is a short bar of its own."""
    coin = bars_in(grid_of("24x7", "7h", "2025-03-10", "2025-03-11", offset_us=HOUR), "2025-03-10", "2025-03-11")
    assert [opens[11:] for opens, _ in coin] == ["01:00", "08:00", "15:00", "22:00"]
    assert minutes_of(coin)[-1] == 180
    stock = grid_of("XNYS", "4h", "2025-01-15", "2025-01-16", sessions=REGULAR, offset_us=30 * MINUTE)
    assert bars_in(stock, "2025-01-15", "2025-01-16") == [
        ("2025-01-15T14:30", "2025-01-15T15:00"),
        ("2025-01-15T15:00", "2025-01-15T19:00"),
        ("2025-01-15T19:00", "2025-01-15T21:00"),
    ]
    whole = grid_of("XNYS", "4h", "2025-01-15", "2025-01-16", sessions=REGULAR, offset_us=8 * HOUR)
    assert minutes_of(bars_in(whole, "2025-01-15", "2025-01-16")) == [240, 150]


def test_nothing_is_in_an_empty_range_or_a_session_that_does_not_exist() -> None:
    """An empty range, a weekend of regular hours and London's pre-market give empty grids."""
    assert len(grid_of("XNYS", "1h", "2025-01-15", "2025-01-15")) == 0
    assert len(grid_of("XNYS", "1h", "2025-01-18", "2025-01-20", sessions=REGULAR)) == 0
    for interval in ("1h", "1d"):
        assert len(grid_of("XLON", interval, "2025-01-15", "2025-01-20", sessions=(SessionSpec("premarket"),))) == 0
    assert len(edges(grid_of("XNYS", "1h", "2025-01-15", "2025-01-15"), 0, us("2030-01-01")).slot_start) == 0


def test_a_grid_is_shared_and_cannot_be_changed() -> None:
    """The same question gives the same arrays, and they are read-only."""
    ask = {"zone": "UTC", "reference": "XNYS", "sessions": (), "align": Align()}
    first = build_grid("XNYS", INTERVALS["1h"], us("2025-01-15"), us("2025-01-16"), **ask)
    assert build_grid("XNYS", INTERVALS["1h"], us("2025-01-15"), us("2025-01-16"), **ask) is first
    with pytest.raises(ValueError, match="read-only"):
        first.start[0] = 0
