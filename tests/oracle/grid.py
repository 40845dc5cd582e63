"""The grid of instants, slowly: one instant at a time, with `datetime`, `zoneinfo` and the library's schedule row by row.

Instants are int microseconds UTC, dates `datetime.date`. Nothing here is shared with `tapeql.calendars`.
"""

from __future__ import annotations

import functools
import warnings
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tapeql.query.nodes import Align, Interval, SessionSpec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_US = 86_400_000_000
MONDAY = date(2000, 1, 3)
ANY_DAY = timedelta(days=1)
SPECIAL_SATURDAYS = (date(2015, 2, 28), date(2020, 2, 1), date(2024, 1, 20), date(2025, 2, 1))
LIBRARY_NAMES = {"XNYS": "NYSE", "XNAS": "NASDAQ"}


class Span(NamedTuple):
    """A named session (or a whole 24x7 day), half-open."""

    start: int
    end: int
    name: str
    day: date


# ── clocks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def instant_of(moment: datetime) -> int:
    """Microseconds of an aware datetime."""
    return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def moment_of(ts_us: int, zone: str) -> datetime:
    return (EPOCH + timedelta(microseconds=ts_us)).astimezone(ZoneInfo(zone))


def local_instant(day: date, us: int, zone: str) -> int:
    """The first instant a local clock shows `us` after midnight of `day`; inside a gap, the instant the gap ends."""
    wall = datetime(day.year, day.month, day.day) + timedelta(microseconds=us)
    early = instant_of(wall.replace(tzinfo=ZoneInfo(zone), fold=0))
    if moment_of(early, zone).replace(tzinfo=None) == wall:
        return early
    before = instant_of(wall.replace(tzinfo=ZoneInfo(zone), fold=1))
    after = early
    offset = moment_of(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if moment_of(middle, zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after


def day_of(ts_us: int, zone: str) -> date:
    """The date whose midnight..midnight holds the instant."""
    day = moment_of(ts_us, zone).date()
    while local_instant(day, 0, zone) > ts_us:
        day -= ANY_DAY
    while local_instant(day + ANY_DAY, 0, zone) <= ts_us:
        day += ANY_DAY
    return day


# ── calendars ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@functools.cache
def zone_of(calendar: str) -> str:
    if calendar == "forex":
        return "America/New_York"
    import pandas_market_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return str(pandas_market_calendars.get_calendar(LIBRARY_NAMES.get(calendar, calendar)).tz)


@functools.cache
def schedule(calendar: str) -> dict[date, list[Span]]:
    """The named sessions of every session date from 1900 to 2030, in order."""
    days: dict[date, list[Span]] = {}
    if calendar == "forex":
        day = date(1900, 1, 2)
        while day < date(2031, 1, 1):
            if day.weekday() < 5:
                start = local_instant(day - ANY_DAY, 17 * 3_600_000_000, zone_of(calendar))
                end = local_instant(day, 17 * 3_600_000_000, zone_of(calendar))
                days[day] = [Span(start, end, "regular", day)]
            day += ANY_DAY
        return days
    import pandas_market_calendars

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        market = pandas_market_calendars.get_calendar(LIBRARY_NAMES.get(calendar, calendar))
        table = market.schedule("1900-01-01", "2030-12-31", tz="UTC", market_times="all")
    dropped = {name: stamp.date() for name, stamp in market.discontinued_market_times.items()}
    for stamp, row in zip(table.index, table.to_dict("records"), strict=True):
        day = stamp.date()
        at = {name: instant_of(moment.to_pydatetime()) for name, moment in row.items()}
        opens, closes = at["market_open"], at["market_close"]
        if calendar == "CMES" and day >= date(2015, 9, 21) and moment_of(closes, zone_of(calendar)).hour == 17:
            closes -= 3_600_000_000  # the halt before the next session
        spans = []
        if "pre" in at:
            at["pre"] = min(at["pre"], local_instant(day, 4 * 3_600_000_000, zone_of(calendar)))
            spans.append(Span(at["pre"], opens, "premarket", day))
        if "break_start" in at and not (day >= dropped.get("break_start", date.max)):
            if at["break_start"] < at["break_end"]:
                spans.append(Span(opens, min(at["break_start"], closes), "regular", day))
                spans.append(Span(max(at["break_end"], opens), closes, "regular", day))
            else:
                spans.append(Span(opens, closes, "regular", day))
        else:
            spans.append(Span(opens, closes, "regular", day))
        if "post" in at:
            spans.append(Span(closes, at["post"], "aftermarket", day))
        days[day] = [span for span in spans if span.start < span.end]
    for day in SPECIAL_SATURDAYS if calendar in ("XNSE", "XBOM") else ():
        start, end = (local_instant(day, us, zone_of(calendar)) for us in (33_300_000_000, 55_800_000_000))
        days[day] = [Span(start, end, "regular", day)]
    return days


def spans_between(calendar: str, first: date, last: date) -> list[Span]:
    """All named sessions of the session dates first..last, in order."""
    days = schedule(calendar)
    found = []
    day = first
    while day <= last:
        found += days.get(day, [])
        day += ANY_DAY
    return found


def open_span(calendar: str, ts_us: int) -> Span | None:
    """The named session that holds the instant."""
    day = moment_of(ts_us, zone_of(calendar)).date()
    for span in spans_between(calendar, day - 3 * ANY_DAY, day + 3 * ANY_DAY):
        if span.start <= ts_us < span.end:
            return span
    return None


def session_of(calendar: str, reference: str, start_us: int, end_us: int) -> str | None:
    """The name of the session in which [start_us, end_us) lies wholly."""
    span = open_span(reference if calendar == "24x7" else calendar, start_us)
    return span.name if span is not None and end_us <= span.end else None


def open_market(calendar: str, ts_us: int) -> tuple[int, int] | None:
    """The open market (contiguous sessions) around the instant; None when closed. Not for 24x7."""
    span = open_span(calendar, ts_us)
    if span is None:
        return None
    start, end = span.start, span.end
    near = spans_between(calendar, span.day - 10 * ANY_DAY, span.day + 10 * ANY_DAY)
    for other in reversed(near):
        if other.end == start:
            start = other.start
    for other in near:
        if other.start == end:
            end = other.end
    return start, end


def closed_gap(calendar: str, ts_us: int) -> tuple[int, int]:
    """The close before and the open after an instant outside every session."""
    day = moment_of(ts_us, zone_of(calendar)).date()
    near = spans_between(calendar, day - 60 * ANY_DAY, day + 60 * ANY_DAY)
    return max(s.end for s in near if s.end <= ts_us), min(s.start for s in near if s.start > ts_us)


# ── SESSION ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def spans_of_spec(spec: SessionSpec, day: date, calendar: str, zone: str, reference: str) -> list[Span]:
    """The spans one SESSION item has on one date."""
    if spec.start_us is None or spec.end_us is None:
        owner = spec.calendar or (reference if calendar == "24x7" else calendar)
        return [s for s in schedule(owner).get(day, []) if s.name == spec.name] if owner != "24x7" else []
    owner = spec.calendar or calendar
    if owner != "24x7" and day not in schedule(owner):
        return []
    local = zone if owner == "24x7" else zone_of(owner)
    end_us = spec.end_us if spec.end_us > spec.start_us else spec.end_us + DAY_US
    start, end = local_instant(day, spec.start_us, local), local_instant(day, end_us, local)
    return [Span(start, end, spec.name, day)] if start < end else []


def chosen_spans(
    sessions: tuple[SessionSpec, ...], first: date, last: date, calendar: str, zone: str, reference: str
) -> list[Span]:
    """The spans of SESSION on the dates first..last, disjoint: what two share belongs to the one that opened first."""
    found = []
    day = first
    while day <= last:
        for spec in sessions:
            found += spans_of_spec(spec, day, calendar, zone, reference)
        day += ANY_DAY
    disjoint: list[Span] = []
    for span in sorted(found, key=lambda s: (s.start, -s.end)):
        start = max(span.start, disjoint[-1].end) if disjoint else span.start
        if start < span.end:
            disjoint.append(span._replace(start=start))
    return disjoint


# ── buckets ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def unit_of(interval: Interval, day: date) -> tuple[date, date]:
    """The calendar unit that holds a date, half-open."""
    n = interval.count
    if interval.unit in "dw":
        length = n * (7 if interval.unit == "w" else 1)
        first = MONDAY + timedelta(days=(day - MONDAY).days // length * length)
        return first, first + timedelta(days=length)
    months = {"mo": n, "q": 3 * n, "y": 12 * n}[interval.unit]
    since_2000 = ((day.year - 2000) * 12 + day.month - 1) // months * months
    until = since_2000 + months
    return date(2000 + since_2000 // 12, since_2000 % 12 + 1, 1), date(2000 + until // 12, until % 12 + 1, 1)


def bucket_of(
    calendar: str,
    interval: Interval,
    ts_us: int,
    zone: str,
    reference: str,
    sessions: tuple[SessionSpec, ...],
    align: Align,
) -> tuple[int, int, date | None, bool] | None:
    """The bar an instant belongs to: (opens, closes, session date, the market is open at ts_us); None if it is in no bar.

    Of an intraday bar the session date is that of the instant (None outside every session); of a bar of calendar units
    that of the bar's first session.
    """
    always = calendar == "24x7"
    market_open = always or open_span(calendar, ts_us) is not None
    day = day_of(ts_us, zone)
    if sessions:
        near = chosen_spans(sessions, day - 4 * ANY_DAY, day + 4 * ANY_DAY, calendar, zone, reference)
        here = next((s for s in near if s.start <= ts_us < s.end), None)
        if here is None:
            return None
    elif always:
        here = Span(local_instant(day, 0, zone), local_instant(day + ANY_DAY, 0, zone), "day", day)
    else:
        here = open_span(calendar, ts_us)

    if interval.is_calendar:
        if here is None or (not sessions and not always and here.name != "regular"):
            return None
        first, end = unit_of(interval, here.day)
        if sessions:
            spans = [
                s
                for s in chosen_spans(sessions, first - ANY_DAY, end, calendar, zone, reference)
                if first <= s.day < end
            ]
        elif always:
            return local_instant(first, 0, zone), local_instant(end, 0, zone), first, True
        else:
            spans = [s for s in spans_between(calendar, first, end - ANY_DAY) if s.name == "regular"]
        return spans[0].start, spans[-1].end, spans[0].day, market_open

    step = interval.us
    offset = align.offset_us % step
    session_date = here.day if here is not None else None
    if align.to == "epoch":
        opens = (ts_us - offset) // step * step + offset
        return opens, opens + step, session_date, market_open
    if align.to == "time" or (always and not sessions):
        local = zone if always else zone_of(calendar)
        time_us = align.time_us if align.to == "time" else 0
        anchor_day = day_of(ts_us, local)
        anchors = [
            local_instant(anchor_day + timedelta(days=k), time_us, local) + offset for k in (-3, -2, -1, 0, 1, 2)
        ]
        region = max(a for a in anchors if a <= ts_us), min(a for a in anchors if a > ts_us)
    elif here is not None:
        region = here.start, here.end
    else:
        region = closed_gap(calendar, ts_us)
    origin, limit = region
    if align.to != "time" and not (always and not sessions) and offset:
        if ts_us < origin + offset:
            return origin, min(origin + offset, limit), session_date, market_open
        origin += offset
    opens = origin + (ts_us - origin) // step * step
    return opens, min(opens + step, limit), session_date, market_open
