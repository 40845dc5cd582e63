"""What holds of bars by amount whatever the trades."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import tapeql
from tapeql.storage.lake import Lake
from tests import tapes
from tests.query.asking import refused

_MICROSECOND = timedelta(microseconds=1)
NOW = "2025-03-12T12:00:00Z"


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tapeql.Database]:
    """Two and a half days around the clock, and one of a market with sessions."""
    store = Lake(tmp_path_factory.mktemp("activity") / "lake")
    for venue, code in (("binance", "BTCUSDT"), ("nasdaq", "AAPL")):
        for seed, day in enumerate(("2025-03-10T08:30", "2025-03-11T08:30", "2025-03-12T04:30")):
            store.write("ticks", venue, code, tapes.random_ticks(day, 10 * 3600, 800, seed))
    with tapeql.connect(store.path, now=NOW) as opened:
        yield opened


def rows(db: tapeql.Database, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = db.query(text).to_pylist()
    return found


AMOUNTS = ("100 ticks", "30 volume", "5_000 notional", "0.05 renko", "0.3 range")


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("symbol", ["binance:BTCUSDT", "nasdaq:AAPL"])
def test_a_bar_is_the_same_whatever_the_range(db: tapeql.Database, symbol: str, amount: str) -> None:
    """Bars of a range that begins anywhere are those of the whole, with their indicators."""
    query = f"CANDLES {amount} FROM {symbol}"
    whole = rows(db, f"{query} ADD sma(3)")
    assert len(whole) > 6
    for since in (whole[3]["ts"], whole[-2]["ts"]):
        later = rows(db, f"{query} SINCE {since:%Y-%m-%dT%H:%M:%S.%fZ} ADD sma(3)")
        assert later == [row for row in whole if row["ts"] >= since]


@pytest.mark.parametrize("amount", AMOUNTS[:3] + AMOUNTS[4:])
def test_nothing_is_lost(db: tapeql.Database, amount: str) -> None:
    """Bars of a day add up to what was traded in it."""
    whole = rows(db, "CANDLES 1d FROM binance:BTCUSDT UNTIL 2025-03-11")
    bars = rows(db, f"CANDLES {amount} FROM binance:BTCUSDT UNTIL 2025-03-11")
    assert sum(bar["trades"] for bar in bars) == sum(day["trades"] for day in whole)
    assert sum(bar["volume"] for bar in bars) == pytest.approx(sum(day["volume"] for day in whole), rel=1e-12)
    assert max(bar["high"] for bar in bars) == max(day["high"] for day in whole)


def test_only_the_last_of_a_sequence_is_short(db: tapeql.Database) -> None:
    bars = rows(db, "CANDLES 100 ticks FROM binance:BTCUSDT KEEP partial")
    for bar, after in pairwise(bars):
        assert bar["trades"] == 100 or bar["session_date"] != after["session_date"]
        assert bar["ts"] < bar["ts_close"]
        assert bar["ts_close"] <= after["ts"] + _MICROSECOND
    assert [bar["complete"] for bar in bars] == [True] * (len(bars) - 1) + [False]


def test_bricks_lie_on_levels(db: tapeql.Database) -> None:
    """Each is a step from the one before: on from its end, or back from its beginning."""
    bars = rows(db, "CANDLES 0.02 renko FROM binance:BTCUSDT DURING 2025-03-10")
    assert len(bars) > 20
    for bar, after in pairwise(bars):
        same_way = (bar["close"] > bar["open"]) == (after["close"] > after["open"])
        assert after["open"] == pytest.approx(bar["close"] if same_way else bar["open"])
        assert bar["high"] - bar["low"] == pytest.approx(0.02)


def test_sessions_have_sequences_of_their_own(db: tapeql.Database) -> None:
    """The first bar of the regular session opens with its first trade, whatever was traded before it."""
    (first,) = rows(db, "CANDLES 100 ticks FROM nasdaq:AAPL SESSION regular DURING 2025-03-11 LIMIT 1")
    all_hours = rows(db, "CANDLES 100 ticks FROM nasdaq:AAPL DURING 2025-03-11 WHERE regular LIMIT 1")
    assert all_hours == [first]


def test_engines_agree(db: tapeql.Database) -> None:
    for amount in AMOUNTS:
        text = f"CANDLES {amount} FROM binance:BTCUSDT WHERE close > sma(5)"
        assert db.query(f"SET engine = sql; {text}").equals(db.query(text))


def test_what_cannot_be() -> None:
    for text, code in (
        ("CANDLES 2.5 ticks FROM nasdaq:AAPL", "E203"),
        ("CANDLES 0 volume FROM nasdaq:AAPL", "E203"),
        ("CANDLES 5% range FROM nasdaq:AAPL", "E203"),
        ("CANDLES 100 ticks FROM nasdaq:AAPL FILL previous", "E207"),
        ("CANDLES 100 ticks FROM nasdaq:AAPL ALIGN epoch", "E207"),
        ("CANDLES 100 ticks FROM nasdaq:AAPL WHERE bar_of_day = 1", "E101"),
    ):
        assert [d.code for d in refused(text)] == [code], text


def test_too_many_bricks(db: tapeql.Database) -> None:
    with pytest.raises(tapeql.errors.LimitError, match="bricks"):
        db.query("CANDLES 0.0000001 renko FROM binance:BTCUSDT")


def test_candles_do_not_tell(tmp_path: Path) -> None:
    """Where only candles are stored no bars by amount can be made."""
    store = Lake(tmp_path / "lake")
    store.write("ohlcv", "binance", "BTCUSDT", tapes.random_candles("2025-03-10", 60, 60), interval="1m")
    with tapeql.connect(store.path, now=NOW) as opened, pytest.raises(tapeql.QueryError, match="E405"):
        opened.query("CANDLES 100 ticks FROM binance:BTCUSDT")
