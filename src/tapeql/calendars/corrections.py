"""Where the calendar library differs from the hours that exchanges published: one entry each, with its source.

A correction changes the calendars' version, which results carry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

VERSION: Final = 1
"""Counts up with every change to this file."""

_H: Final = 3_600_000_000
_M: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Added:
    """A session the library does not have; opens and closes in µs after local midnight."""

    calendars: tuple[str, ...]
    date: date
    opens_us: int
    closes_us: int
    source: str


@dataclass(frozen=True, slots=True)
class Moved:
    """From a session date on, sessions that the library closes at one local time close at another."""

    calendar: str
    since: date
    library_us: int
    closes_us: int
    source: str


_INDIA: Final = ("XNSE", "XBOM")
_INDIAN_DAY: Final = (9 * _H + 15 * _M, 15 * _H + 30 * _M)

ADDED: Final = (
    Added(_INDIA, date(2015, 2, 28), *_INDIAN_DAY, "Saturday of the Union Budget: NSE and BSE traded as on a weekday"),
    Added(_INDIA, date(2020, 2, 1), *_INDIAN_DAY, "Saturday of the Union Budget: NSE and BSE traded as on a weekday"),
    Added(_INDIA, date(2024, 1, 20), *_INDIAN_DAY, "Saturday traded in full for Monday 22 January, declared a holiday"),
    Added(_INDIA, date(2025, 2, 1), *_INDIAN_DAY, "Saturday of the Union Budget: NSE and BSE traded as on a weekday"),
)

MOVED: Final = (
    Moved("CMES", date(2015, 9, 21), 17 * _H, 16 * _H, "CME Globex: the daily halt from 16:00 to 17:00 Chicago time"),
)

PREMARKET_US: Final = 4 * _H
"""New York's premarket begins at 04:00 also on days with a late opening (2001-09-17, 09:33), when the library has none."""
