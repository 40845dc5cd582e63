"""The named sessions of a calendar as sorted arrays of instants, read from the calendar library once and then kept.

A session date's spans are premarket [pre, market_open), regular [market_open, market_close) without the lunch break,
and aftermarket [market_close, post), each left out where it is empty. Forex is our own: a trade date runs from 17:00
of the day before to 17:00 New York, Monday to Friday.
"""

from __future__ import annotations

import functools
import threading
import warnings
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tapeql import cache
from tapeql.calendars import corrections
from tapeql.calendars.grid import Instants
from tapeql.calendars.markets import FOREX, market, version, version_of
from tapeql.calendars.zones import local_instant_us, local_midnight_us, rules
from tapeql.errors import Diagnostic, QueryError

FIRST_DATE: Final = date(1900, 1, 1)
LAST_DATE: Final = date(2049, 12, 31)
"""Schedules are kept between these dates; holidays that are not decreed yet count as trading days."""

EPOCH: Final = date(1970, 1, 1)
FIRST_DAY: Final = (FIRST_DATE - EPOCH).days
LAST_DAY: Final = (LAST_DATE - EPOCH).days

_EVENING_US: Final = 17 * 3_600_000_000
_LOADING: Final = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """All named spans of a calendar, sorted and disjoint, int64 µs and days.

    start, end, date   of each span
    name               index of each span's name in `names`
    run_start, run_end the open markets: maximal runs of spans that touch
    run                the run each span lies in
    """

    names: tuple[str, ...]
    start: Instants
    end: Instants
    date: Instants
    name: npt.NDArray[np.int8]
    run_start: Instants
    run_end: Instants
    run: npt.NDArray[np.int64]


def schedule(calendar: str) -> Schedule:
    """The schedule of a calendar with sessions, built on first use."""
    with _LOADING:
        return _schedule(calendar)


@functools.cache
def known_range(calendar: str) -> tuple[int, int]:
    """The instants between which a calendar's sessions are known."""
    zone = market(calendar).zone
    return int(local_midnight_us(FIRST_DAY, zone)), int(local_midnight_us(LAST_DAY, zone))


def check_range(calendar: str, start_us: int, end_us: int) -> None:
    """Refuses a range in which the calendar's sessions are not known.

    Raises:
        QueryError: E411, naming the dates that are.
    """
    first, last = known_range(calendar)
    if start_us < first or end_us > last:
        reason = f"the sessions of calendar {calendar} are known from {FIRST_DATE} to {LAST_DATE}"
        raise QueryError([Diagnostic("E411", reason, hints=("name a range inside with DURING",))])


@functools.cache
def _schedule(calendar: str) -> Schedule:
    names = market(calendar).sessions
    start, end, day, name = _kept(calendar)
    opens = np.append(True, start[1:] > end[:-1])
    run = np.cumsum(opens) - 1
    closes = np.append(opens[1:], True)
    return Schedule(names, start, end, day, name.astype(np.int8), start[opens], end[closes], run)


def _kept(calendar: str) -> Instants:
    """Start, end, date and name of each span, int64 of shape (4, spans); the library takes a second to say them."""
    key = repr((version(calendar), version_of("pandas"), version_of("exchange_calendars"), market(calendar))).encode()
    key += _sources() + rules(market(calendar).zone)
    kept = cache.load(calendar, key)
    if kept is not None:
        return np.frombuffer(kept, np.int64).reshape(4, -1)
    spans = _spans(calendar)
    cache.store(calendar, key, spans.tobytes())
    return spans


@functools.cache
def _sources() -> bytes:
    """What this room does with what the library says: it may change without a new version of the package."""
    return b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))


def _spans(calendar: str) -> Instants:
    rows = _forex_rows() if calendar == FOREX else _library_rows(calendar)
    start, end, day, name = (np.concatenate([row[field] for row in rows]).astype(np.int64) for field in range(4))
    order = np.lexsort((start, day))
    order = order[start[order] < end[order]]
    return np.stack([field[order] for field in (start, end, day, name)])


Rows = list[tuple[Instants, Instants, Instants, npt.NDArray[Any]]]


def _forex_rows() -> Rows:
    days = np.arange(FIRST_DAY, LAST_DAY + 1, dtype=np.int64)
    days = days[(days + 3) % 7 < 5]
    zone = market(FOREX).zone
    start, end = local_instant_us(days - 1, _EVENING_US, zone), local_instant_us(days, _EVENING_US, zone)
    return [(start, end, days, np.zeros(len(days), dtype=np.int8))]


def _library_rows(calendar: str) -> Rows:
    import pandas_market_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that some times are discontinued, which is seen to below
        published = pandas_market_calendars.get_calendar(market(calendar).library)
        table = published.schedule(str(FIRST_DATE), str(LAST_DATE), tz="UTC", market_times="all")
    days = table.index.to_numpy().astype("datetime64[D]").astype(np.int64)

    def instants(column: str) -> Instants:
        times: Instants = table[column].dt.tz_localize(None).to_numpy().astype("datetime64[us]").astype(np.int64)
        return times

    zone = market(calendar).zone
    opens, closes = instants("market_open"), _moved(calendar, days, instants("market_close"))
    spans: dict[str, list[tuple[Instants, Instants]]] = {"regular": [(opens, closes)]}
    if "break_start" in table.columns:
        pause, resume = instants("break_start"), instants("break_end")
        stopped = published.discontinued_market_times.get("break_start")
        if stopped is not None:
            kept = days < np.datetime64(stopped, "D").astype(np.int64)
            pause, resume = np.where(kept, pause, closes), np.where(kept, resume, closes)
        without = pause >= resume
        pause, resume = np.where(without, closes, pause), np.where(without, closes, resume)
        spans["regular"] = [(opens, np.minimum(pause, closes)), (np.maximum(resume, opens), closes)]
    if "pre" in table.columns:
        usual = local_instant_us(days, corrections.PREMARKET_US, zone)
        spans["premarket"] = [(np.minimum(instants("pre"), usual), opens)]
    if "post" in table.columns:
        spans["aftermarket"] = [(closes, instants("post"))]
    names = market(calendar).sessions
    rows = [
        (start, end, days, np.full(len(days), index, dtype=np.int8))
        for index, name in enumerate(names)
        for start, end in spans.get(name, [])
    ]
    return [*rows, *_added(calendar, days, names.index("regular"))]


def _moved(calendar: str, days: Instants, closes: Instants) -> Instants:
    """The closing times that exchanges published."""
    zone = market(calendar).zone
    for each in corrections.MOVED:
        if each.calendar == calendar:
            wrong = (days >= (each.since - EPOCH).days) & (closes == local_instant_us(days, each.library_us, zone))
            closes = np.where(wrong, local_instant_us(days, each.closes_us, zone), closes)
    return closes


def _added(calendar: str, days: Instants, regular: int) -> Rows:
    """The sessions that the library lacks."""
    zone, rows = market(calendar).zone, []
    for each in corrections.ADDED:
        day = np.array([(each.date - EPOCH).days], dtype=np.int64)
        if calendar in each.calendars and day[0] not in days:
            start, end = local_instant_us(day, each.opens_us, zone), local_instant_us(day, each.closes_us, zone)
            rows.append((start, end, day, np.array([regular], dtype=np.int8)))
    return rows
