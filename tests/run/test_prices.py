"""VWAP and TWAP: by hand, against bars, and whatever the range."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tapeql
from tapeql.storage.lake import Lake
from tests import tapes
from tests.query.asking import refused

NOW = "2025-03-12T12:00:00Z"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tapeql.Database]:
    store = Lake(tmp_path_factory.mktemp("prices") / "lake")
    for seed, day in enumerate(("2025-03-10T08:30", "2025-03-11T08:30")):
        store.write("ticks", "nasdaq", "AAPL", tapes.random_ticks(day, 10 * 3600, 800, seed))
        store.write("ticks", "binance", "BTCUSDT", tapes.random_ticks(day, 10 * 3600, 800, seed))
    by_hand = [("00:10", 10.0, 1.0), ("00:40", 20.0, 3.0), ("01:30", 40.0, 4.0), ("03:00", 30.0, 8.0)]
    rows = [(f"2025-03-10T{clock}", price, quantity) for clock, price, quantity in by_hand]
    store.write("ticks", "binance", "X", tapes.ticks(rows))
    with tapeql.connect(store.path, now=NOW) as opened:
        yield opened


def rows(db: tapeql.Database, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = db.query(text).to_pylist()
    return found


def test_a_running_price_by_hand(db: tapeql.Database) -> None:
    found = rows(db, "VWAP 1h BANDS 2 FROM binance:X SELECT vwap, upper_2 - vwap AS up, vwap - lower_2 AS down")
    assert [row["vwap"] for row in found] == pytest.approx([17.5, 28.75, 29.375])
    assert found[0]["up"] == pytest.approx(2 * (0.25 * 7.5**2 + 0.75 * 2.5**2) ** 0.5)
    assert all(row["up"] == pytest.approx(row["down"]) for row in found)


def test_an_anchor_within_a_bar(db: tapeql.Database) -> None:
    """What was traded before it counts no more, and where nothing was since, there is no price."""
    found = rows(db, "VWAP 1h FROM binance:X ANCHOR 00:30 SELECT vwap")
    assert [row["vwap"] for row in found] == pytest.approx([20.0, (60 + 160) / 7, (60 + 160 + 240) / 15])
    assert rows(db, "VWAP 1h FROM binance:X ANCHOR 01:50 SELECT vwap")[1]["vwap"] is None


def test_a_time_weighted_price_by_hand(db: tapeql.Database) -> None:
    found = rows(db, "TWAP 1h FROM binance:X SELECT twap")
    assert [row["twap"] for row in found] == pytest.approx([(10 * 30 + 20 * 20) / 50, 30.0, 30.0])


@pytest.mark.parametrize("verb", ["VWAP 15m ANCHOR day BANDS 1", "VWAP 15m ANCHOR week", "TWAP 15m"])
@pytest.mark.parametrize("symbol", ["nasdaq:AAPL", "binance:BTCUSDT"])
def test_a_row_is_the_same_whatever_the_range(db: tapeql.Database, symbol: str, verb: str) -> None:
    whole = rows(db, f"{verb} FROM {symbol}")
    for since in (whole[7]["ts"], whole[-3]["ts"]):
        assert rows(db, f"{verb} FROM {symbol} SINCE {since:%Y-%m-%dT%H:%M:%SZ}") == [
            row for row in whole if row["ts"] >= since
        ]


def test_at_the_end_of_a_session_it_is_that_of_the_session(db: tapeql.Database) -> None:
    (day,) = rows(db, "CANDLES 1d FROM nasdaq:AAPL DURING 2025-03-11")
    (last,) = rows(db, "VWAP 15m FROM nasdaq:AAPL DURING 2025-03-11 SESSION regular LIMIT LAST 1")
    assert last["vwap"] == pytest.approx(day["vwap"], rel=1e-12)


def test_what_stood_holds_the_mean(db: tapeql.Database) -> None:
    for row in rows(db, "TWAP 15m FROM binance:BTCUSDT ADD low, high, close[1] AS stood"):
        prices = [row["low"], row["high"], *([row["stood"]] if row["stood"] is not None else [])]
        assert min(prices) <= row["twap"] <= max(prices)


def test_engines_agree(db: tapeql.Database) -> None:
    for text in ("VWAP 1h BANDS 1 FROM nasdaq:AAPL WHERE close > vwap", "TWAP 1h FROM nasdaq:AAPL, binance:X"):
        assert db.query(f"SET engine = sql; {text}").equals(db.query(text))


def test_what_cannot_be() -> None:
    for text, code in (
        ("VWAP 1m FROM nasdaq:AAPL BANDS 0", "E208"),
        ("VWAP 1m FROM nasdaq:AAPL ANCHOR 24:00", "E404"),
        ("CANDLES 1m FROM nasdaq:AAPL BANDS 1", "E207"),
        ("TWAP 1m FROM nasdaq:AAPL ANCHOR day", "E207"),
        ("VWAP 1m FROM nasdaq:AAPL WHERE close > upper_1", "E101"),
    ):
        assert [d.code for d in refused(text)] == [code], text


@pytest.mark.parametrize("verb", ["VWAP 1h", "TWAP 1h"])
def test_candles_do_not_tell(tmp_path: Path, verb: str) -> None:
    store = Lake(tmp_path / "lake")
    store.write("ohlcv", "binance", "BTCUSDT", tapes.random_candles("2025-03-10", 60, 60), interval="1m")
    with tapeql.connect(store.path, now=NOW) as opened, pytest.raises(tapeql.QueryError, match="E405"):
        opened.query(f"{verb} FROM binance:BTCUSDT")
