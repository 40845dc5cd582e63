"""What holds of profiles whatever the trades, and what is refused."""

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
    store = Lake(tmp_path_factory.mktemp("profile") / "lake")
    for seed, day in enumerate(("2025-03-10T08:30", "2025-03-11T08:30")):
        store.write("ticks", "nasdaq", "AAPL", tapes.random_ticks(day, 10 * 3600, 800, seed))
    rows = [
        ("2025-03-10T00:00", price, quantity, side)
        for price, quantity, side in (
            (0.25, 1.0, "buy"), (0.3, 2.0, "sell"), (0.3, 4.0, None), (0.39, 1.0, "buy"), (0.7, 8.0, "buy"), (0.8, 3.0, None),
        )
    ]  # fmt: skip
    store.write("ticks", "binance", "X", tapes.ticks(rows, ("ts", "price", "quantity", "side")))
    with tapeql.connect(store.path, now=NOW) as opened:
        yield opened


def rows(db: tapeql.Database, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = db.query(text).to_pylist()
    return found


def test_levels_by_hand(db: tapeql.Database) -> None:
    """Multiples of a tenth as one writes them; a trade of unknown side is nobody's."""
    found = rows(db, "PROFILE STEP 0.1 FROM binance:X SELECT price, volume, buy_volume, sell_volume, trades")
    assert [tuple(row.values())[2:] for row in found] == [
        (0.2, 1.0, 1.0, 0.0, 1),
        (0.3, 7.0, 1.0, 2.0, 3),
        (0.7, 8.0, 8.0, 0.0, 1),
        (0.8, 3.0, 0.0, 0.0, 1),
    ]


def test_the_area_around_the_level_with_most(db: tapeql.Database) -> None:
    """It grows towards more volume, here from 0.7 to 0.3 and not to 0.8."""
    (first, *_) = rows(db, "PROFILE STEP 0.1 FROM binance:X SELECT poc(), value_area(70%), value_area(100%) AS whole")
    assert first["poc"] == 0.7
    assert (first["value_area_low"], first["value_area_high"]) == (0.3, 0.8)
    assert (first["whole_low"], first["whole_high"]) == (0.2, 0.9)


@pytest.mark.parametrize("size", ["STEP 0.05", "STEP 3", "7 BINS", "1 BINS"])
def test_volumes_are_those_of_bars(db: tapeql.Database, size: str) -> None:
    bars = rows(db, "CANDLES 1d FROM nasdaq:AAPL")
    levels = rows(db, f"PROFILE {size} FROM nasdaq:AAPL SESSION regular PER day ADD poc(), value_area(70%)")
    for bar in bars:
        own = [level for level in levels if level["session_date"] == bar["session_date"]]
        assert sum(level["volume"] for level in own) == pytest.approx(bar["volume"], rel=1e-12)
        assert sum(level["trades"] for level in own) == bar["trades"]
        held = [x for x in own if x["value_area_low"] <= x["price"] < x["value_area_high"]]
        assert sum(x["volume"] for x in held or own) >= 0.7 * bar["volume"]
        assert own[0]["value_area_low"] <= own[0]["poc"] <= own[0]["value_area_high"]


def test_engines_agree(db: tapeql.Database) -> None:
    for tail in ("ADD poc()", "PER weekday ADD value_area(50%)", "EVERY 1h ORDER BY volume DESC LIMIT 3"):
        text = f"PROFILE STEP 0.5 FROM nasdaq:AAPL, binance:X {tail}"
        assert db.query(f"SET engine = sql; {text}").equals(db.query(text))


def test_what_cannot_be() -> None:
    for text, code in (
        ("PROFILE STEP 0 FROM nasdaq:AAPL", "E208"),
        ("PROFILE 2.5 BINS FROM nasdaq:AAPL", "E208"),
        ("PROFILE STEP 1 FROM nasdaq:AAPL ADD value_area(170%)", "E208"),
        ("PROFILE STEP 1 FROM nasdaq:AAPL ADD value_area(70%).middle", "E106"),
        ("PROFILE STEP 1 FROM nasdaq:AAPL ADD 2 * value_area(70%)", "E204"),
        ("PROFILE STEP 1 FROM nasdaq:AAPL ADD sma(volume, 3)", "E204"),
        ("PROFILE STEP 1 FROM nasdaq:AAPL ADD volume[1]", "E204"),
        ("PROFILE STEP 1 FROM nasdaq:AAPL ADD quantity", "E101"),
        ("PROFILE STEP 1 FROM nasdaq:AAPL FILL previous", "E207"),
    ):
        assert [d.code for d in refused(text)] == [code], text


def test_candles_do_not_tell(tmp_path: Path) -> None:
    store = Lake(tmp_path / "lake")
    store.write("ohlcv", "binance", "BTCUSDT", tapes.random_candles("2025-03-10", 60, 60), interval="1m")
    with tapeql.connect(store.path, now=NOW) as opened, pytest.raises(tapeql.QueryError, match="E403"):
        opened.query("PROFILE STEP 1 FROM binance:BTCUSDT")
