"""Where candles of a day or longer lie in bars of calendar units, by the dates they cover."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql import calendars
from tapeql.calendars.grid import Grid
from tapeql.query.nodes import ONE_DAY
from tapeql.rows.nesting import unit_of
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
    low, high = int(grid.start[0]), int(grid.end[-1])
    days = calendars.build_grid(
        feed.calendar,
        ONE_DAY,
        low,
        high,
        zone=bars.zone,
        reference=bars.reference,
        sessions=bars.sessions,
        align=bars.align,
        dates=feed.dates,
    )
    dates, first = np.unique(days.session_date, return_index=True)
    opens = days.start[first]
    index = np.maximum(np.searchsorted(grid.start, opens, side="right") - 1, 0)
    held = (grid.start[index] <= opens) & (opens < grid.end[index])
    return DayGrid(dates[held], opens[held])


def placed_days(
    days: DayGrid, bars: Bars, calendar: str, interval: str, ts: Instants
) -> tuple[Instants, npt.NDArray[np.bool_]]:
    """An instant of the bar that each stamp's candle lies in, rising with the stamps; and whether there is such a bar.

    A date without a session in a longer bar comes after the session before it, else before the next one's.
    """
    unit, count = unit_of(interval)
    dates = calendars.stamp_dates(calendar, bars.zone, ts)
    known = dates != calendars.NO_DATE
    if len(days.date) == 0 or not known.any():
        return ts, np.zeros(len(ts), dtype=np.bool_)
    first = calendars.covered_dates(calendar, np.where(known, dates, days.date[0]), count, unit).first
    asked = bars.interval

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
