"""DURING, SINCE and UNTIL as half-open instants."""

from __future__ import annotations

import datetime as dt

import pytest

from tapeql.query.settings import Settings
from tests.query.asking import DEFAULTS, NOW, ask, noted, refused, us, wrong


def asked(
    clauses: str, symbol: str = "nasdaq:AAPL", settings: Settings = DEFAULTS, **params: object
) -> tuple[int | None, int | None]:
    query = ask(f"CANDLES 1h FROM {symbol} {clauses}", settings, **params)
    return query.start_us, query.end_us


@pytest.mark.parametrize(
    ("clauses", "start", "end"),
    [
        ("DURING 2025", "2025-01-01T05:00", "2026-01-01T05:00"),
        ("DURING 2025-03", "2025-03-01T05:00", "2025-04-01T04:00"),
        ("DURING 2025-01 .. 2025-03", "2025-01-01T05:00", "2025-04-01T04:00"),
        ("DURING 2025-03-10", "2025-03-10T04:00", "2025-03-11T04:00"),
        ("DURING 2025-03-10T09:30 .. 2025-03-10T16:00", "2025-03-10T13:30", "2025-03-10T20:00"),
        ("DURING 2025-03-10T09:30 .. 16:00", "2025-03-10T13:30", "2025-03-10T20:00"),
        ("DURING 2025-03-10T09:30 .. 2025-03-10", "2025-03-10T13:30", "2025-03-11T04:00"),
        ("DURING today", "2025-03-12T04:00", "2025-03-13T04:00"),
        ("DURING yesterday", "2025-03-11T04:00", "2025-03-12T04:00"),
        ("DURING yesterday .. now", "2025-03-11T04:00", "2025-03-12T15:00"),
        ("SINCE 2025-02", "2025-02-01T05:00", "2025-03-12T15:00"),
        ("SINCE 2025-02 UNTIL 2025-02-10", "2025-02-01T05:00", "2025-02-11T05:00"),
        ("SINCE 2025-02 UNTIL 2025-02-10T09:30", "2025-02-01T05:00", "2025-02-10T14:30"),
        ("DURING last 6h", "2025-03-12T09:00", "2025-03-12T15:00"),
        ("DURING last 1h30m", "2025-03-12T13:30", "2025-03-12T15:00"),
        ("DURING last 1d", "2025-03-11T04:00", "2025-03-12T15:00"),
        ("DURING last 30d", "2025-02-10T05:00", "2025-03-12T15:00"),
        ("DURING last 2w", "2025-02-26T05:00", "2025-03-12T15:00"),
        ("DURING last 3mo", "2024-12-12T05:00", "2025-03-12T15:00"),
        ("DURING last 2q", "2024-09-12T04:00", "2025-03-12T15:00"),
        ("DURING last 1y", "2024-03-12T04:00", "2025-03-12T15:00"),
        ("DURING last 1y1mo", "2024-02-12T05:00", "2025-03-12T15:00"),
        ("DURING last 1bd", "2025-03-12T08:00", "2025-03-12T15:00"),
    ],
)
def test_ranges_in_the_calendars_zone(clauses: str, start: str, end: str) -> None:
    """Dates are read in the calendar's zone, and stand for their whole span on both sides."""
    assert asked(clauses) == (us(start), us(end))


def test_no_range_is_everything_up_to_now() -> None:
    """Where nothing is said, what is stored decides the start and now the end."""
    assert asked("") == (None, NOW)
    assert asked("UNTIL 2025-02") == (None, us("2025-03-01T05:00"))


def test_the_zone_of_dates() -> None:
    """The TZ clause, then SET tz, then the calendar, then UTC."""
    assert asked("DURING 2025-03-10 TZ Asia/Tokyo", settings=Settings(tz="Europe/London"))[0] == us("2025-03-09T15:00")
    assert asked("DURING 2025-07-01", settings=Settings(tz="Europe/London"))[0] == us("2025-06-30T23:00")
    assert asked("DURING 2025-03-10", "binance:BTCUSDT")[0] == us("2025-03-10T00:00")
    assert asked("DURING 2025-03-10 CALENDAR XTKS", "binance:BTCUSDT")[0] == us("2025-03-09T15:00")
    assert asked("DURING 2025-03-10", "nasdaq:AAPL, nyse:XXX")[0] == us("2025-03-10T04:00")


def test_mixed_calendars_are_read_in_utc() -> None:
    """Where calendars keep different time, dates are UTC's, and a note says so once."""
    text = "CANDLES 1h FROM nasdaq:AAPL, lse:VOD DURING 2025-03-10"
    assert ask(text).zone == "UTC"
    assert noted(text) == ["N102"]
    assert noted(text + " TZ Europe/London") == []


def test_sessions_of_a_market_that_never_closes_are_days() -> None:
    """`last 3bd` on a 24x7 venue is today and the two days before."""
    assert asked("DURING last 3bd", "binance:BTCUSDT") == (us("2025-03-10T00:00"), NOW)


def test_last_sessions_count_the_one_in_progress() -> None:
    """`last 3bd` at eleven on a Wednesday begins where Monday's pre-market does."""
    assert asked("DURING last 3bd")[0] == us("2025-03-10T08:00")
    assert asked("DURING last 4bd")[0] == us("2025-03-07T09:00")


@pytest.mark.parametrize(
    ("clauses", "code", "place"),
    [
        ("DURING 2025-03 .. 2025-02", "E401", "2025-03 .. 2025-02"),
        ("DURING 2025-03 .. 2025-01", "E401", "2025-03 .. 2025-01"),
        ("DURING 2025-03-10T10:00 .. 2025-03-10T09:00", "E401", "2025-03-10T10:00 .. 2025-03-10T09:00"),
        ("SINCE 2030", "E401", "2030"),
        ("DURING 2025-03-10T10:00", "E401", "2025-03-10T10:00"),
        ("DURING now", "E401", "now"),
        ("DURING 2025-02-30", "E404", "2025-02-30"),
        ("SINCE 2025-13", "E404", "2025-13"),
        ("DURING last 1d6h", "E203", "1d6h"),
        ("DURING last 0d", "E203", "0d"),
        ("DURING last 5bd2d", "E203", "5bd2d"),
        ("DURING last 500ns", "E203", "500ns"),
        ("DURING last 900y", "E203", "900y"),
        ("DURING last 100000d", "E203", "100000d"),
        ("DURING 1900", "E404", "1900"),
        ("DURING 2200", "E404", "2200"),
        ("DURING 2025 TZ Mars/Olympus", "E106", "TZ Mars/Olympus"),
        ("DURING 2025 CALENDAR XNYX", "E105", "CALENDAR XNYX"),
        ("DURING 2025 SINCE 2024", "E207", "DURING 2025 SINCE 2024"),
    ],
)
def test_ranges_that_cannot_be(clauses: str, code: str, place: str) -> None:
    """A range that holds nothing, or does not exist, is an error where it is written."""
    assert wrong(f"CANDLES 1h FROM nasdaq:AAPL {clauses}") == [(code, place)]


def test_an_empty_range_of_instants_is_allowed() -> None:
    """Two equal instants are a range that holds nothing, as programs write them."""
    start, end = asked("DURING $a .. $b", a="2025-03-10T10:00", b="2025-03-10T10:00")
    assert start == end


def test_parameters_are_dates() -> None:
    """Bound dates follow the rules of written ones."""
    assert asked("DURING $a .. $b", a="2025-01", b=dt.date(2025, 3, 31)) == asked("DURING 2025-01 .. 2025-03")
    assert asked("DURING $a", a=dt.date(2025, 3, 10)) == asked("DURING 2025-03-10")
    assert asked("SINCE $a", a=dt.datetime(2025, 3, 10, 9, 30)) == asked("SINCE 2025-03-10T09:30")
    assert wrong("CANDLES 1h FROM nasdaq:AAPL SINCE $a", a="soon") == [("E404", "$a")]


def test_a_local_time_that_is_skipped_is_noted() -> None:
    """The clocks' trouble is told, with the instant that was taken."""
    assert noted("CANDLES 1h FROM nasdaq:AAPL SINCE 2025-03-09T02:30") == ["N103"]


def test_near_names_are_offered() -> None:
    """An unknown zone or calendar comes with the nearest that exist."""
    (zone,) = refused("CANDLES 1h FROM nasdaq:AAPL TZ America/New_Yrk")
    assert any("America/New_York" in hint for hint in zone.hints)
    (calendar,) = refused("CANDLES 1h FROM nasdaq:AAPL CALENDAR XNYQ")
    assert any("XNYS" in hint for hint in calendar.hints)
