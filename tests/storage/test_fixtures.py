"""The fixtures every room relies on."""

from __future__ import annotations

from pathlib import Path

from tests import tapes
from tests.conftest import MakeLake


def test_a_real_postgres_answers(postgres: str) -> None:
    """The session's server is a PostgreSQL that takes connections."""
    import psycopg

    with psycopg.connect(postgres) as connection:
        row = connection.execute("SHOW server_version").fetchone()
    assert row is not None
    assert int(row[0].split(".")[0]) >= 15


def test_the_recorded_data_is_there(shared_data: Path) -> None:
    """The folder of recorded data holds the files the tests name."""
    assert (shared_data / "crypto" / "gemini_ethusd_2021-07-01_trade.csv").is_file()


def test_make_lake_fills_a_lake(make_lake: MakeLake) -> None:
    """Every kind of row handed to make_lake is found under its symbol."""
    lake = make_lake(
        trades={"binance:BTC/USDT": tapes.ticks([("2025-03-10T14:00", 100.0, 1.0)])},
        quotes={"nyse:XXX": tapes.random_quotes("2025-03-10T14:00", 60, 20)},
        candles={("nyse:XXX", "1m"): tapes.random_candles("2025-03-10T14:00", 60, 5)},
    )
    found = lake.snapshot()
    assert found.symbols() == [("binance", "BTC/USDT"), ("nyse", "XXX")]
    assert [p.rows for p in found.parts("quotes", "nyse", "XXX")] == [20]
    assert found.intervals("nyse", "XXX") == ["1m"]
