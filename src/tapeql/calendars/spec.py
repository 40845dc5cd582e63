"""What a grid is asked for: a bar's length, sessions, and what buckets are aligned to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Interval:
    """A bar's length: elapsed time (`us`, at most 24 h) or whole calendar units of `unit` d, w, mo, q, y.

    Exactly one of `us` and `count` is not 0. `text` is canonical: `1h30m`, `2w`.

    by, amount   of bars that close by what was traded, `1000 ticks`: what is counted, and how much of it closes one;
                 their `us` is SEQUENCE_US, so that a bucket of the grid is all of a sequence of them
    """

    text: str
    us: int
    count: int
    unit: str
    by: str = ""
    amount: float = 0.0

    @property
    def is_calendar(self) -> bool:
        return self.count > 0


SEQUENCE_US: Final = 10 * 366 * 86_400_000_000
"""Longer than any open or closed market, so that no bucket of this length ends before it."""

ONE_DAY: Final = Interval("1d", 0, 1, "d")
ANY_INTRADAY: Final = Interval("1h", 3_600_000_000, 0, "")
"""What labels trades and quotes: all intraday grids give the same dates and opening instants."""


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """A session of a calendar: by name, or by local times [start_us, end_us) after midnight of `calendar`'s zone."""

    name: str
    calendar: str | None = None
    start_us: int | None = None
    end_us: int | None = None


@dataclass(frozen=True, slots=True)
class Align:
    """`to` is "session" (the default meaning), "epoch" or "time"; `time_us` after local midnight for "time"."""

    to: str = "session"
    time_us: int = 0
    offset_us: int = 0
