"""Days of New York: when they change, and when candles of days, weeks and months are over."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from tapeql.connectors.new_york import candle_end_us, day_number, day_of, interval_of


def us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2024-01-02T04:59:59", "2024-01-01"),
        ("2024-01-02T05:00:00", "2024-01-02"),
        ("2024-07-02T03:59:59", "2024-07-01"),
        ("2024-07-02T04:00:00", "2024-07-02"),
    ],
)
def test_a_day_begins_at_midnight_in_new_york(instant: str, day: str) -> None:
    """Five hours behind UTC in winter, four in summer."""
    assert day_of(us(instant)) == date.fromisoformat(day)


def test_days_are_numbered_from_1970() -> None:
    """As in every other count of days."""
    assert (day_number(date(1970, 1, 1)), day_number(date(2024, 5, 1))) == (0, 19844)


@pytest.mark.parametrize(
    ("begin", "interval", "end"),
    [
        ("2024-03-08T14:30:00", "15m", "2024-03-08T14:45:00"),
        ("2024-03-08T14:00:00", "4h", "2024-03-08T18:00:00"),
        # Summer time begins on 10 March.
        ("2024-03-08T05:00:00", "1d", "2024-03-09T05:00:00"),
        ("2024-03-10T05:00:00", "1d", "2024-03-11T04:00:00"),
        ("2024-03-04T05:00:00", "1w", "2024-03-11T04:00:00"),
        ("2024-12-01T05:00:00", "1mo", "2025-01-01T05:00:00"),
        ("2024-10-01T04:00:00", "3mo", "2025-01-01T05:00:00"),
    ],
)
def test_a_candle_is_over_when_its_last_day_is(begin: str, interval: str, end: str) -> None:
    """Minutes and hours by the clock, days and more by New York's midnights."""
    known = interval_of(interval)
    assert known is not None
    assert candle_end_us(us(begin), *known) == us(end)


@pytest.mark.parametrize("text", ["", "m", "0m", "1s", "1M", "-1m", "1.5h", "1m ", "10000m", "١m"])
def test_what_is_no_interval_is_none(text: str) -> None:
    """A number without leading zeros and one of five units, nothing else."""
    assert interval_of(text) is None
