"""The trading calendars the language knows: a name, a zone, and where its schedule comes from.

Exchanges go by their ISO 10383 code (MIC). A schedule is the one pandas_market_calendars keeps under the same name,
except where the table says otherwise.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import metadata
from typing import Final

from tapeql.calendars import corrections
from tapeql.calendars.venues import VENUES

CONTINUOUS: Final = "24x7"
FOREX: Final = "forex"


@dataclass(frozen=True, slots=True)
class Market:
    """A calendar: its zone, the library's name of its schedule ("" when ours), and the sessions its dates may have."""

    name: str
    zone: str
    library: str
    sessions: tuple[str, ...] = ("regular",)


_EXTENDED: Final = ("premarket", "regular", "aftermarket")

_ZONES: Final = {
    "America/Argentina/Buenos_Aires": "XBUE",
    "America/Lima": "XLIM",
    "America/Mexico_City": "XMEX",
    "America/Sao_Paulo": "BVMF",
    "America/Toronto": "XTSE",
    "America/Chicago": "CMES XCBF",
    "Africa/Johannesburg": "XJSE",
    "Asia/Bangkok": "XBKK",
    "Asia/Hong_Kong": "XHKG",
    "Asia/Jakarta": "XIDX",
    "Asia/Kolkata": "XBOM XNSE",
    "Asia/Kuala_Lumpur": "XKLS",
    "Asia/Manila": "XPHS",
    "Asia/Seoul": "XKRX",
    "Asia/Shanghai": "XSHG",
    "Asia/Singapore": "XSES",
    "Asia/Taipei": "XTAI",
    "Asia/Tel_Aviv": "XTAE",
    "Asia/Tokyo": "XTKS",
    "Atlantic/Reykjavik": "XICE",
    "Australia/Sydney": "XASX",
    "Europe/Amsterdam": "XAMS",
    "Europe/Berlin": "XETR XEUR XFRA XSTU",
    "Europe/Bratislava": "XBRA",
    "Europe/Brussels": "XBRU",
    "Europe/Budapest": "XBUD",
    "Europe/Copenhagen": "XCSE",
    "Europe/Dublin": "XDUB",
    "Europe/Helsinki": "XHEL",
    "Europe/Istanbul": "XIST",
    "Europe/Lisbon": "XLIS",
    "Europe/Ljubljana": "XLJU",
    "Europe/London": "XLON",
    "Europe/Luxembourg": "XLUX",
    "Europe/Madrid": "XMAD",
    "Europe/Moscow": "XMOS",
    "Europe/Oslo": "XOSL",
    "Europe/Paris": "XPAR",
    "Europe/Prague": "XPRA",
    "Europe/Riga": "XRIS",
    "Europe/Rome": "XMIL",
    "Europe/Stockholm": "XSTO",
    "Europe/Tallinn": "XTAL",
    "Europe/Vienna": "XWBO",
    "Europe/Vilnius": "XLIT",
    "Europe/Warsaw": "XWAR",
    "Europe/Zagreb": "XZAG",
    "Europe/Zurich": "XSWX",
    "Pacific/Auckland": "XNZE",
}

_MARKETS: Final = {
    market.name: market
    for market in (
        Market("XNYS", "America/New_York", "NYSE", _EXTENDED),
        Market("XNAS", "America/New_York", "NASDAQ", _EXTENDED),
        *(Market(name, zone, name) for zone, names in _ZONES.items() for name in names.split()),
        Market(FOREX, "America/New_York", ""),
        Market(CONTINUOUS, "UTC", "", ()),
    )
}
_BY_FOLDED_NAME: Final = {name.casefold(): name for name in _MARKETS}


def market(calendar: str) -> Market:
    """The entry of a calendar.

    Raises:
        KeyError: there is no calendar of exactly that name; `find_calendar` answers what a user wrote.
    """
    return _MARKETS[calendar]


def known_calendars() -> tuple[str, ...]:
    """The names of all calendars, in byte order."""
    return tuple(sorted(_MARKETS))


def find_calendar(name: str) -> str | None:
    """The calendar a user means by `name`, whatever its case: a calendar's own name, or a venue's; None if unknown."""
    folded = name.casefold()
    return _BY_FOLDED_NAME.get(folded) or VENUES.get(folded)


def zone_of(calendar: str) -> str:
    """The IANA zone of a calendar; UTC for 24x7, whose days follow the query's zone instead."""
    return market(calendar).zone


def is_continuous(calendar: str) -> bool:
    """Whether the market never closes, so that days run from midnight to midnight and no session has a name."""
    return calendar == CONTINUOUS


def session_names(calendar: str) -> tuple[str, ...]:
    """The names of a calendar's sessions in the order of a day; none for 24x7."""
    return market(calendar).sessions


@functools.cache
def version(calendar: str) -> str:
    """Where a calendar's schedule comes from: a distribution, its version, and that of our corrections."""
    if not market(calendar).library:
        return f"tapeql {version_of('tapeql')}"
    return f"pandas_market_calendars {version_of('pandas_market_calendars')}+{corrections.VERSION}"


@functools.cache
def version_of(distribution: str) -> str:
    return metadata.version(distribution)
