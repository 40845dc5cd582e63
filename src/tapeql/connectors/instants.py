"""Times as venues write them, as UTC microseconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_MS_FROM: Final = 10**11
_US_FROM: Final = 10**14
_NS_FROM: Final = 10**17
_FIRST_US: Final = 0
_LAST_US: Final = 32_503_680_000_000_000
"""The year 3000: beyond it a number is no time, whatever its unit."""


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
    if not _FIRST_US < us < _LAST_US:
        raise ValueError("not a time")
    return us


def rfc3339_us(text: str) -> int:
    """`2024-05-01T12:00:00.123456789Z`, floored to microseconds. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("a time without a zone")
    whole = instant.astimezone(UTC)
    us = int(whole.replace(microsecond=0).timestamp()) * 1_000_000 + whole.microsecond
    if not _FIRST_US < us < _LAST_US:
        raise ValueError("not a time")
    return us
