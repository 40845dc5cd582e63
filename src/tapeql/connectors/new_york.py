"""Days as US stock venues count them: midnight to midnight in New York."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

ZONE: Final = ZoneInfo("America/New_York")

_HOUR_US: Final = 3_600_000_000
_EPOCH: Final = date(1970, 1, 1)
_INTERVAL: Final = re.compile(r"([1-9]\d{0,3})(m|h|d|w|mo)")


def day_of(ts_us: int) -> date:
    """The New York date of an instant. New York is whole hours away from UTC, so an hour of UTC has one."""
    return _day_of_hour(ts_us // _HOUR_US)


@lru_cache(maxsize=256)
def _day_of_hour(hour: int) -> date:
    return datetime.fromtimestamp(hour * 3600, ZONE).date()


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def interval_of(text: str) -> tuple[int, str] | None:
    """`15m` → (15, "m"); units are m, h, d, w and mo. None for anything else."""
    found = _INTERVAL.fullmatch(text)
    return (int(found[1]), found[2]) if found else None


def candle_end_us(ts_us: int, count: int, unit: str) -> int:
    """When the candle that opened at ts_us is over. Days, weeks and months end at midnight in New York."""
    if unit in ("m", "h"):
        return ts_us + count * (60_000_000 if unit == "m" else _HOUR_US)
    day = day_of(ts_us)
    if unit == "mo":
        months = day.year * 12 + day.month - 1 + count
        end = day.replace(year=months // 12, month=months % 12 + 1, day=1)
    else:
        end = day + timedelta(days=count * (7 if unit == "w" else 1))
    midnight = datetime(end.year, end.month, end.day, tzinfo=ZONE)
    return int(midnight.astimezone(UTC).timestamp()) * 1_000_000
