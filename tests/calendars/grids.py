"""Short ways to say grids, instants and intervals in tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from tapeql.calendars import Grid, build_grid, edges
from tapeql.query.nodes import Align, Interval, SessionSpec

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
REGULAR = (SessionSpec("regular"),)

INTERVALS = {
    **{text: Interval(text, us, 0, "") for text, us in {"1s": 1_000_000, "1m": MINUTE, "30m": 30 * MINUTE}.items()},
    **{text: Interval(text, us, 0, "") for text, us in {"1h": HOUR, "4h": 4 * HOUR, "7h": 7 * HOUR}.items()},
    "24h": Interval("24h", DAY, 0, ""),
    **{f"{n}{unit}": Interval(f"{n}{unit}", 0, n, unit) for n in (1, 2, 5) for unit in ("d", "w", "mo", "q", "y")},
}


def us(text: str) -> int:
    """The instant of `2024-11-29T18:00` UTC."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )


def utc(ts_us: int) -> str:
    """`2024-11-29T18:00` in UTC."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(ts_us))).strftime("%Y-%m-%dT%H:%M")


def days(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def grid_of(
    calendar: str,
    interval: str,
    start: str | int,
    end: str | int,
    *,
    zone: str = "UTC",
    sessions: tuple[SessionSpec, ...] = (),
    **align: Any,
) -> Grid:
    return build_grid(
        calendar,
        INTERVALS[interval],
        us(start) if isinstance(start, str) else start,
        us(end) if isinstance(end, str) else end,
        zone=zone,
        reference="XNYS",
        sessions=sessions,
        align=Align(**align),
    )


def bars_in(grid: Grid, start: str, end: str) -> list[tuple[str, str]]:
    """The opening and close of every bar that opens in a range."""
    found = edges(grid, us(start), us(end))
    bars = dict(zip(found.bar_open.tolist(), found.bar_close.tolist(), strict=True))
    return [(utc(opens), utc(closes)) for opens, closes in bars.items() if us(start) <= opens < us(end)]


def minutes_of(bars: list[tuple[str, str]]) -> list[int]:
    return [(us(closes) - us(opens)) // MINUTE for opens, closes in bars]


def assert_sorted_and_disjoint(start: np.ndarray, end: np.ndarray) -> None:
    assert (start < end).all()
    assert (end[:-1] <= start[1:]).all()
