"""Which stored rows may stand for which bars."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

import tapeql
from tapeql.storage.lake import Lake
from tests import tapes

DAY_US = 86_400_000_000
ENGINES = ("kernels", "sql")


def daily(first: str, days: int) -> pa.Table:
    start = tapes.us(first)
    ts = [start + n * DAY_US for n in range(days)]
    prices = {"open": 1.0, "high": 2.0, "low": 0.5, "close": 1.5, "volume": 10.0}
    stamps = pa.array(ts, pa.timestamp("us", tz="UTC"))
    return pa.table({"ts": stamps, **{name: [value] * days for name, value in prices.items()}})


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> tapeql.Database:
    path: Path = tmp_path_factory.mktemp("sources") / "lake"
    lake = Lake(path)
    for venue, code in (("coinbase", "BTC-USD"), ("nasdaq", "AAPL")):
        lake.write("ohlcv", venue, code, daily("2025-01-06T00:00Z", 12), "1d")
    lake.write("quotes", "nasdaq", "AAPL", tapes.random_quotes("2025-01-07T10:00Z", 10_800, 500, seed=1))
    return tapeql.connect(path)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("clauses", ["TZ Asia/Tokyo", "TZ America/New_York", "CALENDAR XNYS", "SESSION regular"])
def test_days_of_another_clock_are_refused(db: tapeql.Database, engine: str, clauses: str) -> None:
    """A candle of a UTC day lies in two days of another zone, and is no session: it never stands for them."""
    with pytest.raises(tapeql.QueryError, match="E402") as wrong:
        db.query(f"SET engine = {engine}; CANDLES 1d FROM coinbase:BTC-USD {clauses}")
    assert any("stored intervals: 1d" in hint for hint in wrong.value.diagnostics[0].hints)


def test_days_are_no_hours(db: tapeql.Database) -> None:
    """Hours asked of stored days are refused by what a day's candle cannot say."""
    with pytest.raises(tapeql.QueryError, match="E402") as wrong:
        db.query("CANDLES 1h FROM coinbase:BTC-USD")
    assert any("what happened within a day" in hint for hint in wrong.value.diagnostics[0].hints)


@pytest.mark.parametrize("engine", ENGINES)
def test_days_of_the_same_clock_are_taken(db: tapeql.Database, engine: str) -> None:
    """Days stamped at midnight are the days of a venue around the clock, and the session dates of a stock's."""
    crypto = db.query(f"SET engine = {engine}; CANDLES 1w FROM coinbase:BTC-USD")
    assert crypto["volume"].to_pylist() == [70.0, 50.0]
    stock = db.query(f"SET engine = {engine}; CANDLES 1w FROM nasdaq:AAPL")
    # a day of mourning and a weekend, which the calendar does not know, are of their week all the same
    assert stock["volume"].to_pylist() == [70.0, 50.0]
    first = db.query(f"SET engine = {engine}; CANDLES 1d FROM nasdaq:AAPL LIMIT 1")["ts"][0].as_py()
    assert first.isoformat() == "2025-01-06T14:30:00+00:00"


@pytest.mark.parametrize("engine", ENGINES)
def test_quotes_answer_where_candles_cannot(db: tapeql.Database, engine: str) -> None:
    """A session's spread needs quotes only; a session's high needs more than candles of days, and says so."""
    days = db.query(f"SET engine = {engine}; DAYS FROM nasdaq:AAPL WHERE premarket.spread_pct < 50%")
    assert [d.isoformat() for d in days["session_date"].to_pylist()] == ["2025-01-07"]
    with pytest.raises(tapeql.QueryError, match="session premarket") as wrong:
        db.query(f"SET engine = {engine}; CANDLES 1d FROM nasdaq:AAPL ADD premarket.high")
    assert any("finer candles" in hint for hint in wrong.value.diagnostics[0].hints)


def test_too_few_rows_are_told(db: tapeql.Database) -> None:
    """A function that has no value anywhere, for want of rows, is a warning with the numbers."""
    result = db.run("SET engine = kernels; CANDLES 1d FROM nasdaq:AAPL WHERE close > sma(200)")
    assert result.table().num_rows == 0
    assert any(note.code == "W401" and "12 of the 200 rows" in note.reason for note in result.info["notes"])
