"""Tapes: which of a venue's trades count for volume, for high and low, and for open and close."""

from __future__ import annotations

from typing import Final

from tapeql.calendars.venues import calendar_of
from tapeql.tapes import us_equities
from tapeql.tapes.eligibility import Counts, Eligibility, counts, flags
from tapeql.tapes.numbered import NUMBERS, numbers_of

__all__ = ["NUMBERS", "Counts", "Eligibility", "counts", "eligibility", "flags", "numbers_of"]

_US_CALENDARS: Final = ("XNYS", "XNAS")


def eligibility(venue: str) -> Eligibility | None:
    """The rules of a venue's sale conditions; None where every trade counts for everything (crypto, forex, …)."""
    if calendar_of(venue) not in _US_CALENDARS:
        return None
    return us_equities.UTP if venue.casefold() in us_equities.UTP_VENUES else us_equities.CTA
