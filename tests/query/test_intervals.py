"""The length of a bar."""

from __future__ import annotations

import pytest

from tapeql.query.nodes import Interval
from tests.query.asking import ask, wrong


@pytest.mark.parametrize(
    ("written", "interval"),
    [
        ("1h", Interval("1h", 3_600_000_000, 0, "")),
        ("90m", Interval("1h30m", 5_400_000_000, 0, "")),
        ("1h30m", Interval("1h30m", 5_400_000_000, 0, "")),
        ("24h", Interval("24h", 86_400_000_000, 0, "")),
        ("1500ms", Interval("1s500ms", 1_500_000, 0, "")),
        ("3000ns", Interval("3us", 3, 0, "")),
        ("1d", Interval("1d", 0, 1, "d")),
        ("2w", Interval("2w", 0, 2, "w")),
        ("3mo", Interval("3mo", 0, 3, "mo")),
        ("1q", Interval("1q", 0, 1, "q")),
        ("5y", Interval("5y", 0, 5, "y")),
    ],
)
def test_intervals(written: str, interval: Interval) -> None:
    """Up to 24 hours a bar is elapsed time, from a day on a number of calendar units."""
    assert ask(f"CANDLES {written} FROM nasdaq:AAPL").interval == interval


@pytest.mark.parametrize(
    "written", ["25h", "36h", "1d12h", "1w2d", "1d1h", "5bd", "500ns", "1us1ns", "0m", "0d", "101y"]
)
def test_intervals_that_cannot_be(written: str) -> None:
    """What is neither is E203."""
    assert wrong(f"CANDLES {written} FROM nasdaq:AAPL") == [("E203", written)]
