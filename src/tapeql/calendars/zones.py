"""Local clocks as arrays: instants of local times and local dates of instants, in any IANA zone.

    T[i], o[i]     from the instant T[i] on, the zone's clocks are o[i] ahead of UTC

A wall time w belongs to the first stretch i that ends after it on its own clocks (w < T[i+1] + o[i]), so an ambiguous
time is its first occurrence; inside a gap that stretch begins after w, and the answer is its beginning.
"""

from __future__ import annotations

import functools
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Final
from zoneinfo import TZPATH, ZoneInfo

import numpy as np
import numpy.typing as npt

from tapeql.calendars.grid import NEVER, Instants
from tapeql.errors import Diagnostic, QueryError

DAY_US: Final = 86_400_000_000
FIRST_YEAR: Final = 1890
LAST_YEAR: Final = 2200
"""Years clocks are known for; a range beyond is a mistake, not a market."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)
_YEAR_DAYS: Final = 365.2425


def local_midnight_us(days: npt.ArrayLike, zone: str) -> Instants:
    """The instants (µs) at which the dates `days` (since 1970-01-01) begin on the clocks of `zone`; any shape."""
    return local_instant_us(days, 0, zone)


def local_instant_us(days: npt.ArrayLike, us: int, zone: str) -> Instants:
    """The instants (µs) at which clocks of `zone` show `us` after midnight of `days`; any shape.

    A time that clocks skip is the instant after the gap, a time they show twice its first instant; `us` may reach
    into the next days.

    Raises:
        QueryError: a date lies outside the years clocks are known for.
    """
    wall = np.asarray(days, dtype=np.int64) * DAY_US + us
    if wall.size == 0:
        return wall
    if zone == "UTC":
        return wall
    since, offset = _clock(zone, int(wall.min()), int(wall.max()))
    ends = np.append(since[1:], NEVER) + offset
    stretch = np.searchsorted(ends, wall, side="right")
    found: Instants = np.maximum(wall - offset[stretch], since[stretch])
    return found


def local_dates(ts_us: npt.ArrayLike, zone: str) -> npt.NDArray[np.int64]:
    """The dates (days since 1970-01-01) of instants (µs) in `zone`: from midnight to midnight; any shape."""
    ts = np.asarray(ts_us, dtype=np.int64)
    if ts.size == 0 or zone == "UTC":
        return ts // DAY_US
    first = int(ts.min()) // DAY_US - 2
    midnights = local_midnight_us(np.arange(first, int(ts.max()) // DAY_US + 3), zone)
    return np.searchsorted(midnights, ts, side="right") + (first - 1)


def rules(zone: str) -> bytes:
    """The zone's entry in the time zone database, by which two databases are told apart."""
    for folder in TZPATH:
        with suppress(OSError):
            return Path(folder, zone).read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", zone).read_bytes()


def wall_us(ts_us: npt.ArrayLike, zone: str) -> Instants:
    """What clocks of `zone` show at instants (µs), as µs since 1970-01-01 on them; any shape."""
    ts = np.asarray(ts_us, dtype=np.int64)
    if ts.size == 0 or zone == "UTC":
        return ts
    since, offset = _clock(zone, int(ts.min()), int(ts.max()))
    shown: Instants = ts + offset[np.searchsorted(since, ts, side="right") - 1]
    return shown


def _clock(zone: str, low_us: int, high_us: int) -> tuple[Instants, Instants]:
    """The stretches of constant offset that cover [low, high], with two days to spare on either side."""
    first = _year(low_us - 2 * DAY_US)
    last = _year(high_us + 2 * DAY_US)
    if first < FIRST_YEAR or last > LAST_YEAR:
        raise QueryError([Diagnostic("E410", f"dates must lie between the years {FIRST_YEAR} and {LAST_YEAR}")])
    return _stretches(zone, first // 10 * 10, last // 10 * 10 + 9)


def _year(us: int) -> int:
    return 1970 + int(us / DAY_US // _YEAR_DAYS)


@functools.lru_cache(maxsize=256)
def _stretches(zone: str, first_year: int, last_year: int) -> tuple[Instants, Instants]:
    years = [_changes(zone, year) for year in range(first_year - 1, last_year + 2)]
    since = np.array([-NEVER, *(change[0] for year in years for change in year[1])], dtype=np.int64)
    offset = np.array([years[0][0], *(change[1] for year in years for change in year[1])], dtype=np.int64)
    return since, offset


@functools.lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[int, tuple[tuple[int, int], ...]]:
    """The offset a UTC year begins with, and its changes: (instant, offset after), found by looking at every day."""
    clock = ZoneInfo(zone)

    def offset_at(us: int) -> int:
        ahead = (_EPOCH + timedelta(microseconds=us)).astimezone(clock).utcoffset()
        return (ahead or timedelta()) // _US

    first = (date(year, 1, 1) - _EPOCH.date()).days * DAY_US
    last = (date(year + 1, 1, 1) - _EPOCH.date()).days * DAY_US
    began = before = offset_at(first)
    found: list[tuple[int, int]] = []
    for day in range(first, last, DAY_US):
        after = offset_at(day + DAY_US)
        if after != before:
            low, high = day, day + DAY_US
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset_at(middle) == before else (low, middle)
            found.append((high, after))
            before = after
    return began, tuple(found)
