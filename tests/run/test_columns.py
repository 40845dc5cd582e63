"""Only what is asked for is read and computed, and it is the same as when all is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tapeql
from tapeql.storage.lake import Lake

MINUTE_US = 60_000_000
BEGIN_US = 1_741_564_800_000_000  # 2025-03-10
COLUMNS = ("open", "high", "low", "close", "volume", "trades", "vwap", "session", "interval", "filled", "complete")


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Candles of two months with holes and NULLs, trades, and a symbol whose days have one or the other."""
    path = tmp_path_factory.mktemp("columns") / "lake"
    random = np.random.default_rng(11)
    store = Lake(path)
    minutes = np.flatnonzero(random.random(60_000) < 0.9)
    rows = len(minutes)
    price = 100 + np.round(np.cumsum(random.choice([-0.5, 0, 0.5], rows)), 1)

    def some(values: np.ndarray) -> pa.Array:
        return pa.array(values, mask=random.random(rows) < 0.05)

    candles = pa.table(
        {
            "ts": pa.array(BEGIN_US + minutes * MINUTE_US, pa.timestamp("us", tz="UTC")),
            "open": price,
            "high": price + 1,
            "low": price - 1,
            "close": price + random.choice([-1.0, 1.0], rows),
            "volume": some(np.round(random.exponential(2, rows), 2)),
            "trades": some(random.integers(0, 9, rows)),
            "vwap": some(price),
        }
    )
    ts = np.sort(random.integers(0, 4 * 86_400_000_000, 20_000)) + BEGIN_US
    trades = pa.table(
        {
            "ts": pa.array(ts, pa.timestamp("us", tz="UTC")),
            "price": 100 + np.round(random.random(20_000), 2),
            "quantity": np.ones(20_000),
        }
    )
    for code, has_candles, has_trades in (("CANDLES", True, False), ("TRADES", False, True), ("BOTH", True, True)):
        if has_candles:
            store.write("ohlcv", "binance", code, candles, interval="1m")
        if has_trades:
            store.write("ticks", "binance", code, trades)
    return path


@pytest.mark.parametrize("clauses", ["", "FILL previous MAX 3", "DURING 2025-03-11T22:00 .. 2025-03-12T03:00"])
@pytest.mark.parametrize("interval", ["1m", "7m", "1d"])
@pytest.mark.parametrize("code", ["CANDLES", "TRADES", "BOTH"])
def test_a_column_asked_for_alone_is_that_of_the_whole(lake: Path, code: str, interval: str, clauses: str) -> None:
    query = f"CANDLES {interval} FROM binance:{code} {clauses}"
    with tapeql.connect(str(lake), now="2025-06-01T00:00:00Z") as db:
        whole = db.query(query)
        assert whole.num_rows
        for name in COLUMNS:
            alone = db.query(f"{query} SELECT {name}")
            assert alone.column(name).equals(whole.column(name)), name
        by_order = db.query(f"{query} SELECT ts ORDER BY close DESC LIMIT 5")
        kept = db.query(f"{query} WHERE high - low > 1 AND vwap > 0 SELECT ts")
        order = pc.sort_indices(whole, [("close", "descending", "at_end")])[:5]
        assert by_order.column("ts").to_pylist() == whole.column("ts").take(order).to_pylist()
        passing = pc.and_(
            pc.greater(pc.subtract(whole.column("high"), whole.column("low")), 1),
            pc.greater(whole.column("vwap"), 0),
        )
        assert kept.column("ts").to_pylist() == whole.filter(passing).column("ts").to_pylist()
