"""Where candles of a day or longer lie in bars of calendar units, by the dates they cover."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql import calendars
from tapeql.calendars.grid import Grid
from tapeql.query.nodes import ONE_DAY, Interval
from tapeql.rows.nesting import Shape, unit_of
from tapeql.rows.nodes import Bars, Feed
from tapeql.rows.spans import Instants


class DayGrid(NamedTuple):
    """The dates that bars of a grid hold, each with when it begins there, sorted."""

    date: Instants
    opens: Instants


def day_grid(bars: Bars, feed: Feed, grid: Grid) -> DayGrid:
    """The dates of a grid of calendar units."""
    if len(grid) == 0:
        return DayGrid(grid.start, grid.start)
    shape = Shape(ONE_DAY, bars.zone, bars.reference, bars.sessions, bars.align)
    return _day_grid(feed.calendar, shape, feed.dates, grid.start.tobytes(), grid.end.tobytes())


@functools.lru_cache(maxsize=128)
def _day_grid(calendar: str, shape: Shape, dates: tuple[int, ...], start: bytes, end: bytes) -> DayGrid:
    starts, ends = np.frombuffer(start, dtype=np.int64), np.frombuffer(end, dtype=np.int64)
    days = shape.grid(calendar, int(starts[0]), int(ends[-1]), dates)
    held_dates, first = np.unique(days.session_date, return_index=True)
    opens = days.start[first]
    index = np.maximum(np.searchsorted(starts, opens, side="right") - 1, 0)
    held = (starts[index] <= opens) & (opens < ends[index])
    return DayGrid(held_dates[held], opens[held])


def placed_days(
    days: DayGrid, bars: Bars, calendar: str, interval: str, ts: Instants
) -> tuple[Instants, npt.NDArray[np.bool_]]:
    """An instant of the bar that each stamp's candle lies in, rising with the stamps; and whether there is such a bar.

    A date without a session in a longer bar comes after the session before it, else before the next one's.
    """
    key = (bars.interval, bars.zone, calendar, interval, ts.tobytes())
    return _placed(*key, days.date.tobytes(), days.opens.tobytes())


@functools.lru_cache(maxsize=128)
def _placed(
    asked: Interval, zone: str, calendar: str, interval: str, stamped: bytes, date: bytes, opens: bytes
) -> tuple[Instants, npt.NDArray[np.bool_]]:
    """Thousands of symbols of a market are stamped alike."""
    days = DayGrid(np.frombuffer(date, dtype=np.int64), np.frombuffer(opens, dtype=np.int64))
    ts = np.frombuffer(stamped, dtype=np.int64)
    unit, count = unit_of(interval)
    dates = calendars.stamp_dates(calendar, zone, ts)
    known = dates != calendars.NO_DATE
    if len(days.date) == 0 or not known.any():
        return ts, np.zeros(len(ts), dtype=np.bool_)
    first = calendars.covered_dates(calendar, np.where(known, dates, days.date[0]), count, unit).first

    def same_bar(index: Instants) -> npt.NDArray[np.bool_]:
        inside = (index >= 0) & (index < len(days.date))
        near = days.date[np.clip(index, 0, len(days.date) - 1)]
        mine = calendars.unit_number(first, asked.count, asked.unit)
        same: npt.NDArray[np.bool_] = inside & (mine == calendars.unit_number(near, asked.count, asked.unit))
        return same

    before = np.searchsorted(days.date, first, side="right") - 1
    after = before + 1
    by_before, by_after = same_bar(before), same_bar(after)
    before, after = np.maximum(before, 0), np.minimum(after, len(days.date) - 1)
    late = days.opens[before] + (first - days.date[before])
    at = np.where(by_before, late, days.opens[after])
    return at, known & (by_before | by_after)
