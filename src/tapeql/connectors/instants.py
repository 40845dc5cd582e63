"""Times as venues write them, as UTC microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS_FROM: Final = 10**11
_US_FROM: Final = 10**14
_NS_FROM: Final = 10**17
_FIRST_US: Final = 0
_LAST_US: Final = 2**63 // 1000
"""In the year 2262 nanoseconds leave 64 bits: beyond it a number is no time, whatever its unit."""


def epoch_us(value: int) -> int:
    """A number since 1970, its unit told by its size: s below 1e11, ms below 1e14, µs below 1e17, ns above.

    What was asked for does not count: venues answer in milliseconds and microseconds as they please.
    Raises ValueError for what is no time.
    """
    if value < _MS_FROM:
        us = value * 1_000_000
    elif value < _US_FROM:
        us = value * 1_000
    elif value < _NS_FROM:
        us = value
    else:
        us = value // 1_000
    return _possible(us)


def second_us(second: int) -> int:
    """A number of seconds since 1970, where nothing else can stand. Raises ValueError for what is no time."""
    return _possible(second * 1_000_000)


def rfc3339_us(text: str) -> int:
    """`2024-05-01T12:00:00.123456789Z`, floored to microseconds. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without a zone")
    return _possible((instant - _EPOCH) // timedelta(microseconds=1))


def _possible(us: int) -> int:
    if not _FIRST_US < us < _LAST_US:
        raise ValueError("not a time")
    return us
