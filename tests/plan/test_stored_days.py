"""Stored bars of a day or longer are known by their dates, in every market and whatever their stamps are."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import tapeql
from tapeql import calendars
from tapeql.calendars.venues import VENUES
from tapeql.storage.lake import Lake
from tapeql.storage.stores import open_store
from tests import tapes
from tests.oracle import grid as slow

DAY_US = 86_400_000_000
VENUE_OF = {calendar: venue for venue, calendar in reversed(VENUES.items())}
"""A venue of each calendar; those that no venue follows are asked for by CALENDAR."""
UNITS = {"1d": 1, "1w": 7, "1mo": 31, "1q": 92, "1y": 366}
WEEK = [date(2025, 3, 3) + timedelta(days=n) for n in range(5)]


def stamp(kind: str, calendar: str, day: date) -> int | None:
    """When vendors stamp the bar of a date; None where the market has no session that day."""
    number = (day - date(1970, 1, 1)).days
    zone = slow.zone_of(calendar) if calendar != "24x7" else "UTC"
    match kind:
        case "utc":
            return number * DAY_US
        case "local":
            return slow.local_instant(day, 0, zone)
    spans = slow.schedule(calendar).get(day)
    return next((span.start for span in spans if span.name == "regular"), None) if spans else None


def candles(stamps: list[int]) -> pa.Table:
    return tapes.candles([(ts, n + 1, n + 2, n + 0.5, n + 1.5, n + 1) for n, ts in enumerate(stamps)])


def asked(db: tapeql.Database, text: str) -> list[tuple[str, float]]:
    rows = db.query(text).to_pylist()
    return [(row["session_date"].isoformat(), row["volume"]) for row in rows]


MARKETS = sorted(calendar for calendar in calendars.known_calendars() if calendar in VENUE_OF)


@pytest.mark.parametrize("calendar", MARKETS)
def test_a_day_is_its_date_in_every_market(calendar: str, tmp_path: Path) -> None:
    """Midnight UTC, midnight of the market and the opening mean the same date, on both engines."""
    venue = VENUE_OF[calendar]
    lake = Lake(tmp_path / "lake")
    expected = {}
    for kind in ("utc", "local", "open"):
        told = [(day, at) for day in WEEK if (at := stamp(kind, calendar, day)) is not None]
        lake.write("ohlcv", venue, kind, candles([at for _, at in told]), "1d")
        expected[kind] = [(day.isoformat(), n + 1.0) for n, (day, _) in enumerate(told)]
    with tapeql.connect(lake.path, now="2025-06-01") as db:
        for engine in ("kernels", "sql"):
            db.settings["engine"] = engine
            for kind, days in expected.items():
                assert asked(db, f"CANDLES 1d FROM {venue}:{kind}") == days, (engine, kind)
                assert asked(db, f"CANDLES 1d FROM {venue}:{kind} DURING 2025-03-05") == [
                    pair for pair in days if pair[0] == "2025-03-05"
                ], (engine, kind)


@pytest.mark.parametrize("interval", ["1w", "1mo", "1q", "1y"])
@pytest.mark.parametrize("venue", ["nasdaq", "tse", "nzx", "fxcm", "binance"])
def test_longer_bars_are_their_units(venue: str, interval: str, tmp_path: Path) -> None:
    """A stored week is its week although its stamp is no session date; so are months, quarters, years, and what holds them."""
    first = {"1w": "2025-01-06", "1mo": "2025-01-01", "1q": "2024-01-01", "1y": "2020-01-01"}[interval]
    unit = {"1w": "D", "1mo": "M", "1q": "M", "1y": "Y"}[interval]
    steps = np.arange(4) * {"1w": 7, "1mo": 1, "1q": 3, "1y": 1}[interval]
    stamps = (np.datetime64(first, unit) + steps).astype("datetime64[us]").astype(np.int64).tolist()
    lake = Lake(tmp_path / "lake")
    lake.write("ohlcv", venue, "X", candles(stamps), interval)
    with tapeql.connect(lake.path, now="2026-06-01") as db:
        for engine in ("kernels", "sql"):
            db.settings["engine"] = engine
            assert [volume for _, volume in asked(db, f"CANDLES {interval} FROM {venue}:X")] == [1, 2, 3, 4], engine
            if interval in ("1mo", "1q"):
                assert sum(v for _, v in asked(db, f"CANDLES 1y FROM {venue}:X")) == 10, engine


def test_weeks_of_another_phase_are_refused(tmp_path: Path) -> None:
    """A week from Thursday lies in two weeks; seven days from a Monday are one."""
    lake = Lake(tmp_path / "lake")
    thursdays = [tapes.us("2025-03-06") + n * 7 * DAY_US for n in range(3)]
    lake.write("ohlcv", "nasdaq", "THU", candles(thursdays), "1w")
    lake.write("ohlcv", "binance", "MON", candles([ts - 3 * DAY_US for ts in thursdays]), "7d")
    with tapeql.connect(lake.path, now="2026-06-01") as db:
        with pytest.raises(tapeql.QueryError, match="E402"):
            db.query("CANDLES 1w FROM nasdaq:THU")
        assert [volume for _, volume in asked(db, "CANDLES 1w FROM binance:MON")] == [1, 2, 3]


def test_days_without_a_session_are_shown(tmp_path: Path) -> None:
    """A Saturday's bar is shown on its date, and is of its week."""
    lake = Lake(tmp_path / "lake")
    lake.write("ohlcv", "nasdaq", "X", candles([tapes.us(f"2025-03-{day:02}") for day in (7, 8, 10)]), "1d")
    with tapeql.connect(lake.path, now="2026-06-01") as db:
        for engine in ("kernels", "sql"):
            db.settings["engine"] = engine
            days = [("2025-03-07", 1.0), ("2025-03-08", 2.0), ("2025-03-10", 3.0)]
            assert asked(db, "CANDLES 1d FROM nasdaq:X") == days, engine
            assert [volume for _, volume in asked(db, "CANDLES 1w FROM nasdaq:X")] == [3, 3], engine


@pytest.mark.parametrize("venue", ["binance", "nasdaq", "lse"])
def test_days_before_1970(venue: str, tmp_path: Path) -> None:
    """The tape may begin long ago, and one old bar disturbs no new one."""
    days = ["1929-10-28", "1929-10-29", "1969-12-30", "1969-12-31", "2025-03-10"]
    lake = Lake(tmp_path / "lake")
    lake.write("ohlcv", venue, "X", candles([tapes.us(day) for day in days]), "1d")
    with tapeql.connect(lake.path, now="2026-06-01") as db:
        for engine in ("kernels", "sql"):
            db.settings["engine"] = engine
            assert [day for day, _ in asked(db, f"CANDLES 1d FROM {venue}:X")] == days, engine
            assert asked(db, f"CANDLES 1d FROM {venue}:X DURING 1929") == [(days[0], 1.0), (days[1], 2.0)], engine


def test_dates_of_sessions_that_begin_the_evening_before(tmp_path: Path) -> None:
    """September of forex and of CME begins on the evening of 31 August, where its first session does."""
    lake = Lake(tmp_path / "lake")
    ticks = [(tapes.us("2025-08-29T12:00") + n * 1_800_000_000, 1.0, 1.0) for n in range(48 * 40)]
    for venue in ("fxcm", "cme"):
        lake.write("ticks", venue, "X", tapes.ticks(ticks))
    with tapeql.connect(lake.path, now="2026-06-01") as db:
        for venue in ("fxcm", "cme"):
            assert [day for day, _ in asked(db, f"CANDLES 1mo FROM {venue}:X DURING 2025-09")] == ["2025-09-01"]
            assert [day for day, _ in asked(db, f"CANDLES 1d FROM {venue}:X DURING 2025-09-10")] == ["2025-09-10"]
            days = db.query(f"DAYS FROM {venue}:X DURING 2025-09-08 .. 2025-09-10")["session_date"].to_pylist()
            assert [day.day for day in days] == [8, 9, 10]


@pytest.mark.postgres
def test_the_database_says_the_same(postgres_database: str) -> None:
    """Stored days of far markets, weeks and a Saturday, in Postgres."""
    store = open_store(postgres_database)
    for venue, calendar in (("tse", "XTKS"), ("nzx", "XNZE"), ("cme", "CMES")):
        told = [at for day in WEEK if (at := stamp("local", calendar, day)) is not None]
        store.write("ohlcv", venue, "X", candles(told), "1d")
    store.write("ohlcv", "nasdaq", "X", candles([tapes.us("2025-03-08"), tapes.us("2025-03-10")]), "1d")
    with tapeql.connect(postgres_database, now="2025-06-01") as db:
        for venue in ("tse", "nzx", "cme"):
            assert [day for day, _ in asked(db, f"CANDLES 1d FROM {venue}:X")] == [d.isoformat() for d in WEEK], venue
        assert asked(db, "CANDLES 1d FROM nasdaq:X") == [("2025-03-08", 1.0), ("2025-03-10", 2.0)]
