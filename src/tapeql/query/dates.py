"""Dates as written → whole days or an instant, in a zone.

    2025  2025-03  2025-Q1  2025-W03  2025-03-10  today  yesterday     Days, half-open
    2025-03-10T09:30  2025-03-10T09:30:15.25Z  …+02:00  now            Instant

A local time the clocks skip means the instant they skip to; one that comes twice means the first. Both carry a note. Digits beyond the microsecond are dropped.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from tapeql.query.durations import DAY_US
from tapeql.query.text import instant_text

_EPOCH = dt.date(1970, 1, 1).toordinal()
_UTC_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_YEARS = range(1901, 2200)

_YEAR = re.compile(r"(\d{4})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_QUARTER = re.compile(r"(\d{4})-[Qq](\d)")
_WEEK = re.compile(r"(\d{4})-[Ww](\d{2})")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(?:([Zz])|([+-])(\d{2}):?(\d{2}))?"
)


class NotADate(ValueError):
    """What is written is no date; the message says why."""


@dataclass(frozen=True, slots=True)
class Days:
    """Whole calendar days [first, past), days since 1970-01-01."""

    first: int
    past: int

    def span_us(self, zone: str) -> tuple[int, int]:
        """Their half-open instants in a zone: midnight to midnight."""
        from tapeql.calendars import local_midnight_us

        first, past = local_midnight_us([self.first, self.past], zone)
        return int(first), int(past)


@dataclass(frozen=True, slots=True)
class Instant:
    """Microseconds since 1970-01-01T00:00Z; `note` tells of a local time that the clocks skip or repeat."""

    us: int
    note: str = field(default="", compare=False)


When = Days | Instant


def read(text: str, zone: str, now_us: int) -> When:
    """What a date form means; NotADate if it is none or does not exist.

    >>> read("2025-02", "UTC", 0)
    Days(first=20120, past=20148)
    """
    text = text.strip()
    match text.lower():
        case "now":
            return Instant(now_us)
        case "today":
            today = local_day(now_us, zone)
            return Days(today, today + 1)
        case "yesterday":
            today = local_day(now_us, zone)
            return Days(today - 1, today)
        case _:
            pass
    if found := _INSTANT.fullmatch(text):
        return _instant(found, zone)
    if found := _DATE.fullmatch(text):
        first = _day(*map(int, found.groups()))
        return Days(first, first + 1)
    if found := _MONTH.fullmatch(text):
        return _months(int(found[1]), int(found[2]), 1)
    if found := _QUARTER.fullmatch(text):
        if not 1 <= int(found[2]) <= 4:
            raise NotADate(f"there is no quarter {found[2]}; quarters are Q1 to Q4")
        return _months(int(found[1]), 3 * int(found[2]) - 2, 3)
    if found := _WEEK.fullmatch(text):
        return _week(int(found[1]), int(found[2]))
    if found := _YEAR.fullmatch(text):
        return _months(int(found[1]), 1, 12)
    raise NotADate("not a date; dates are written 2025, 2025-03, 2025-Q1, 2025-W03, 2025-03-10 or 2025-03-10T09:30Z")


def of_value(value: Any, zone: str, now_us: int) -> When:
    """What a bound value means: text as written in a sentence, a date, a datetime, or whole microseconds since 1970.

    A datetime without a zone is local. An int of four digits is the year it looks like, as 2025 written out would be.
    """
    value = _plain(value)
    match value:
        case str():
            return read(value, zone, now_us)
        case dt.datetime():
            return _of_datetime(value, zone)
        case dt.date():
            first = value.toordinal() - _EPOCH
            return Days(first, first + 1)
        case bool():
            raise NotADate("a boolean is not a date")
        case int():
            return _months(value, 1, 12) if 1000 <= value <= 9999 else Instant(value)
        case _:
            raise NotADate(
                f"{type(value).__name__} is not a date; give text, a date, a datetime or microseconds since 1970"
            )


def is_moment(value: object) -> bool:
    """Whether a bound value is a date or an instant by its type."""
    return isinstance(_plain(value), dt.date)


def local_day(us: int, zone: str) -> int:
    """The local date an instant lies in, days since 1970-01-01."""
    from zoneinfo import ZoneInfo

    moment = (_UTC_EPOCH + dt.timedelta(microseconds=us)).astimezone(ZoneInfo(zone))
    return moment.date().toordinal() - _EPOCH


def months_before(day: int, months: int) -> int:
    """The same day of the month so many months before, or that month's last day."""
    date = dt.date.fromordinal(day + _EPOCH)
    total = date.year * 12 + date.month - 1 - months
    year, month = total // 12, total % 12 + 1
    return _day(year, month, min(date.day, _month_length(year, month)))


def iso_date(day: int) -> str:
    return dt.date.fromordinal(day + _EPOCH).isoformat()


def _plain(value: Any) -> Any:
    """A numpy scalar as the Python value it stands for."""
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if kind == "M" and str(value.dtype) == "datetime64[ns]":
        value = value.astype("datetime64[us]")  # the Python value of nanoseconds would be a bare integer
    return value.item() if kind and hasattr(value, "item") else value


def _day(year: int, month: int, day: int) -> int:
    _check_year(year)
    if not 1 <= month <= 12:
        raise NotADate(f"there is no month {month:02d}")
    if not 1 <= day <= _month_length(year, month):
        raise NotADate(f"{year}-{month:02d} has {_month_length(year, month)} days")
    return dt.date(year, month, day).toordinal() - _EPOCH


def _months(year: int, month: int, count: int) -> Days:
    first = _day(year, month, 1)
    past = year * 12 + month - 1 + count
    return Days(first, dt.date(past // 12, past % 12 + 1, 1).toordinal() - _EPOCH)


def _week(year: int, week: int) -> Days:
    _check_year(year)
    try:
        first = dt.date.fromisocalendar(year, week, 1).toordinal() - _EPOCH
    except ValueError:
        raise NotADate(f"{year} has no week {week:02d}") from None
    return Days(first, first + 7)


def _month_length(year: int, month: int) -> int:
    import calendar

    return calendar.monthrange(year, month)[1]


def _check_year(year: int) -> None:
    if year not in _YEARS:
        raise NotADate(f"the year {year} is out of reach; years run from {_YEARS[0]} to {_YEARS[-1]}")


def _instant(found: re.Match[str], zone: str) -> Instant:
    text, hour, minute, second, fraction, utc, sign, offset_hours, offset_minutes = found.groups()
    date = _DATE.fullmatch(text)
    assert date is not None
    day = _day(*map(int, date.groups()))
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    us = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + int((fraction or "").ljust(6, "0")[:6])
    if us == DAY_US and minutes == seconds == 0:
        day, us = day + 1, 0  # ISO 8601's 24:00 is the next midnight
    elif hours > 23 or minutes > 59 or seconds > 59:
        raise NotADate("a day's times run from 00:00:00 to 23:59:59")
    if utc:
        return Instant(day * DAY_US + us)
    if sign:
        if int(offset_hours) > 18 or int(offset_minutes) > 59:
            raise NotADate(f"no clock is {sign}{offset_hours}:{offset_minutes} away from UTC")
        offset_us = (int(offset_hours) * 60 + int(offset_minutes)) * 60_000_000
        return Instant(day * DAY_US + us - (offset_us if sign == "+" else -offset_us))
    return _local(day, us, zone)


def _of_datetime(value: dt.datetime, zone: str) -> Instant:
    if value != value:  # pandas' NaT is a datetime unequal to itself
        raise NotADate("not a time (NaT) is not a date")
    if value.tzinfo is None:
        midnight = dt.datetime.combine(value.date(), dt.time())
        return _local(value.toordinal() - _EPOCH, (value - midnight) // dt.timedelta(microseconds=1), zone)
    return Instant((value - _UTC_EPOCH) // dt.timedelta(microseconds=1))


def _local(day: int, us: int, zone: str) -> Instant:
    from zoneinfo import ZoneInfo

    from tapeql.calendars import local_instant_us

    instant = int(local_instant_us(day, us, zone))
    clock = dt.datetime.combine(dt.date.fromordinal(day + _EPOCH), dt.time()) + dt.timedelta(microseconds=us)
    first = clock.replace(tzinfo=ZoneInfo(zone)).utcoffset()
    second = clock.replace(tzinfo=ZoneInfo(zone), fold=1).utcoffset()
    if first is None or second is None or first == second:
        return Instant(instant)
    what = "does not exist" if first < second else "comes twice"
    return Instant(instant, f"{clock.isoformat(timespec='minutes')} {what} in {zone}; {instant_text(instant)} is meant")
