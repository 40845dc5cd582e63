"""Which calendars there are, and which one a venue follows."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tapeql import calendars
from tapeql.calendars.markets import market
from tests.oracle import grid as slow


def test_importing_the_room_is_cheap() -> None:
    """Names and zones are known without loading pandas."""
    script = (
        "import sys, tapeql.calendars as c, tapeql.tapes as t; c.calendar_of('nyse'); c.zone_of('XLON'); "
        "c.version('XNYS'); t.eligibility('nyse'); c.local_midnight_us(20000, 'Asia/Tokyo'); "
        "sys.exit(any(m in sys.modules for m in ('pandas', 'pandas_market_calendars', 'pyarrow')))"
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0


@pytest.mark.parametrize(
    ("venue", "calendar"),
    [
        ("nasdaq", "XNAS"),
        ("nyse", "XNYS"),
        ("NYSE", "XNYS"),
        *((venue, "XNYS") for venue in ("arca", "amex", "bats", "iex", "alpaca", "massive", "polygon", "ibkr")),
        ("lse", "XLON"),
        ("xetra", "XETR"),
        ("tse", "XTKS"),
        ("hkex", "XHKG"),
        ("fxcm", "forex"),
        ("oanda", "forex"),
        ("fx", "forex"),
        ("forex", "forex"),
        ("binance", "24x7"),
        ("somewhere_new", "24x7"),
    ],
)
def test_calendar_of_venues(venue: str, calendar: str) -> None:
    """Stock venues follow their exchange, forex its week, crypto and unknown venues never close."""
    assert calendars.calendar_of(venue) == calendar
    assert calendar in calendars.known_calendars()


def test_every_venue_has_a_known_calendar() -> None:
    """The table of venues names only calendars that exist."""
    from tapeql.calendars.venues import VENUES

    assert set(VENUES.values()) <= set(calendars.known_calendars())


def test_calendars_are_found_in_any_case() -> None:
    """A calendar goes by its own name or a venue's, in any case."""
    assert calendars.find_calendar("xnys") == "XNYS"
    assert calendars.find_calendar("24X7") == "24x7"
    assert calendars.find_calendar("nyse") == "XNYS"
    assert calendars.find_calendar("nowhere") is None


@pytest.mark.parametrize("calendar", [name for name in calendars.known_calendars() if market(name).library])
def test_zones_are_the_librarys(calendar: str) -> None:
    """Each calendar's zone is the one its schedule is kept in."""
    assert slow.zone_of(calendar).replace("Calcutta", "Kolkata") == calendars.zone_of(calendar)


def test_sessions_and_versions() -> None:
    """US markets have three sessions, others one, 24x7 none; a version names its source."""
    assert calendars.session_names("XNYS") == ("premarket", "regular", "aftermarket")
    assert calendars.session_names("XHKG") == calendars.session_names("forex") == ("regular",)
    assert calendars.session_names("24x7") == ()
    assert calendars.version("XNYS").startswith("pandas_market_calendars 5")
    assert calendars.version("24x7").startswith("tapeql ")
    assert [name for name in calendars.known_calendars() if calendars.is_continuous(name)] == ["24x7"]
