"""Whether a venue's market is open, by the session calendars: a closed market's silence means nothing."""

from __future__ import annotations

from tapeql.calendars import is_continuous, named_sessions
from tapeql.calendars.zones import DAY_US


def open_at(calendar: str | None, ts_us: int) -> bool:
    """Whether any session of the calendar (pre-market and after-hours too) holds the instant; no calendar never closes."""
    if calendar is None or is_continuous(calendar):
        return True
    spans = named_sessions(calendar, ts_us - DAY_US, ts_us + DAY_US)
    return bool(((spans.start <= ts_us) & (ts_us < spans.end)).any())
