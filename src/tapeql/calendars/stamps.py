"""The date a stored bar of a day or longer stands for, told by its stamp, and the dates it covers."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql.calendars.grid import NO_DATE, Instants
from tapeql.calendars.markets import is_continuous, zone_of
from tapeql.calendars.schedule import FIRST_DAY, LAST_DAY, schedule
from tapeql.calendars.units import Days, first_day_of_unit, unit_number
from tapeql.calendars.zones import DAY_US, local_dates, local_midnight_us

MONTHS: Final = {"mo": 1, "q": 3, "y": 12}


class DateSpans(NamedTuple):
    """Dates first..last, both included, that each stored bar covers (days since 1970-01-01)."""

    first: Days
    last: Days


def stamp_dates(calendar: str, zone: str, ts_us: Instants) -> Days:
    """The date each stamp stands for.

    Midnight UTC is its UTC date and midnight of the market its local date: so files of either kind agree. Any other
    stamp is the session date of the session it lies in, or the local date. Around the clock a day begins at midnight of
    `zone` and nowhere else: another stamp lies in two days, and its date is NO_DATE.
    """
    ts = np.asarray(ts_us, dtype=np.int64)
    local = zone if is_continuous(calendar) else zone_of(calendar)
    dates = local_dates(ts, local)
    at_midnight = local_midnight_us(dates, local) == ts
    if is_continuous(calendar):
        return np.where(at_midnight, dates, NO_DATE)
    known = schedule(calendar)
    near = np.maximum(np.searchsorted(known.start, ts, side="right") - 1, 0)
    inside = (known.start[near] <= ts) & (ts < known.end[near])
    dates = np.where(inside & ~at_midnight, known.date[near], dates)
    return np.where(ts % DAY_US == 0, ts // DAY_US, dates)


def stamp_ranges(calendar: str, zone: str, low_us: int, high_us: int) -> tuple[Instants, Days]:
    """`stamp_dates` as a table: stamps from each instant on, up to the next, stand for that date; sorted."""
    local = zone if is_continuous(calendar) else zone_of(calendar)
    days = np.arange(low_us // DAY_US - 1, high_us // DAY_US + 3)
    midnights = np.concatenate([days * DAY_US, local_midnight_us(days, local)])
    edges = [midnights, midnights + 1, np.array([low_us])]
    if not is_continuous(calendar):
        known = schedule(calendar)
        chosen = slice(np.searchsorted(known.end, low_us), np.searchsorted(known.start, high_us, side="right"))
        edges += [known.start[chosen], known.end[chosen]]
    starts = np.unique(np.concatenate(edges))
    starts = starts[(starts >= low_us) & (starts < high_us)]
    dates = stamp_dates(calendar, zone, starts)
    new = np.append(True, dates[1:] != dates[:-1])
    return starts[new], dates[new]


def covered_dates(calendar: str, dates: Days, count: int, unit: str) -> DateSpans:
    """The dates that stored bars of `count` d, w, mo, q or y cover which stand for `dates`.

    A bar stamped with the first session of a unit (Tuesday after a holiday, the 2nd of January) is that unit's.
    """
    begin = first_day_of_unit(unit_number(dates, count, unit), count, unit)
    if (unit, count) != ("d", 1) and not is_continuous(calendar):
        known = schedule(calendar)
        early = np.searchsorted(known.date, dates) - np.searchsorted(known.date, begin) > 0
        first = np.where(early | (unit == "d"), dates, begin)
    else:
        first = dates
    return DateSpans(first, _after(first, count, unit) - 1)


def _after(first: Days, count: int, unit: str) -> Days:
    """The dates `count` units later; a month from the 31st ends with the shorter month."""
    if unit not in MONTHS:
        return first + count * (7 if unit == "w" else 1)
    day = first.astype("datetime64[D]")
    month = day.astype("datetime64[M]")
    later = month + count * MONTHS[unit]
    nth = (day - month.astype("datetime64[D]")).astype(np.int64)
    length = ((later + 1).astype("datetime64[D]") - later.astype("datetime64[D]")).astype(np.int64)
    after: Days = later.astype("datetime64[D]").astype(np.int64) + np.minimum(nth, length - 1)
    return after


def sessionless(calendar: str, dates: Days, count: int, unit: str) -> Days:
    """Those of the dates in whose units of `count` d, w, mo, q or y the calendar has no session at all."""
    if is_continuous(calendar) or len(dates) == 0:
        return np.empty(0, dtype=np.int64)
    known = schedule(calendar)
    near = slice(
        np.searchsorted(known.date, dates.min() - 400 * count), np.searchsorted(known.date, dates.max() + 400 * count)
    )
    regular = known.date[near][known.name[near] == known.names.index("regular")]
    inside = (dates >= FIRST_DAY) & (dates < LAST_DAY)
    dates = dates[inside]
    none = ~np.isin(unit_number(dates, count, unit), unit_number(regular, count, unit))
    return np.unique(dates[none])


def dates_as_instants(calendar: str, zone: str, first: npt.ArrayLike, last: npt.ArrayLike) -> tuple[Instants, Instants]:
    """When the dates first..last begin and end: their sessions' first opening and last close, else local midnights."""
    first, last = np.asarray(first, dtype=np.int64), np.asarray(last, dtype=np.int64)
    local = zone if is_continuous(calendar) else zone_of(calendar)
    low, high = local_midnight_us(first, local), local_midnight_us(last + 1, local)
    if is_continuous(calendar):
        return low, high
    known = schedule(calendar)
    after = np.minimum(np.searchsorted(known.date, first), len(known.date) - 1)
    before = np.maximum(np.searchsorted(known.date, last, side="right") - 1, 0)
    some = (known.date[after] >= first) & (known.date[before] <= last) & (known.date[after] <= last)
    return (
        np.where(some, np.minimum(low, known.start[after]), low),
        np.where(some, np.maximum(high, known.end[before]), high),
    )
