"""Results do not depend on how rows are cut into files, frames and batches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import tapeql
from tapeql import limits
from tapeql.cancel import Cancel
from tapeql.errors import Cancelled, LimitError, QueryError
from tapeql.storage.lake import Lake

DAY_US = 86_400_000_000
START = 19_800 * DAY_US
SENTENCES = (
    "CANDLES 10m FROM binance:BTCUSDT ADD sma(20), ema(9), highest(5), close[3] AS before",
    "CANDLES 10m FROM binance:BTCUSDT FILL previous ADD rsi(14), avg(close) OVER 2h AS mean",
    "TICKS FROM binance:BTCUSDT ADD price[1] AS before, sma(price, 10) AS mean",
    "CANDLES 1w FROM binance:BTCUSDT",
)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("streams") / "lake"
    random = np.random.default_rng(3)
    ts = np.sort(random.integers(0, 4 * DAY_US, 4000)) + START
    rows = pa.table(
        {
            "ts": pa.array(ts, pa.timestamp("us", tz="UTC")),
            "price": np.round(100 + np.cumsum(random.normal(0, 0.1, len(ts))), 2),
            "quantity": np.round(random.exponential(1, len(ts)) + 0.01, 2),
        }
    )
    Lake(path).write("ticks", "binance", "BTCUSDT", rows)
    return path


@pytest.mark.parametrize("sentence", SENTENCES)
def test_frames_may_be_small(lake: Path, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result cut into small frames equals the whole, and windows reach over the cuts."""
    with tapeql.connect(str(lake)) as db:
        whole = db.query(sentence).to_pandas()
        monkeypatch.setattr(limits, "CHUNK_ROWS", 64)
        monkeypatch.setattr(limits, "BATCH_ROWS", 10)
        cut = db.query(sentence).to_pandas()
    for name in whole.columns:
        if whole[name].dtype == float:
            np.testing.assert_allclose(cut[name], whole[name], rtol=1e-9, err_msg=name)
        else:
            assert list(cut[name].astype(str)) == list(whole[name].astype(str)), name


def test_one_engine_repeats_bit_for_bit(lake: Path) -> None:
    """The same sentence over the same snapshot gives the same bytes."""
    with tapeql.connect(str(lake), now=START + 9 * DAY_US) as db:
        first = db.query(SENTENCES[0])
        assert first.equals(db.query(SENTENCES[0]), check_metadata=True)


def test_a_cancelled_query_stops(lake: Path) -> None:
    """What was asked to stop raises at its next piece of work; a deadline names its limit."""
    asked = Cancel()
    asked.cancel()
    with pytest.raises(Cancelled):
        asked.check()
    with pytest.raises(LimitError, match="0 s") as late:
        Cancel(deadline_s=0).check()
    assert late.value.limit == "QUERY_DEADLINE_S"


def test_fill_has_a_limit(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FILL refuses to create more rows than the limit, and says which symbol asked for them."""
    monkeypatch.setattr(limits, "FILL_ROWS", 100)
    with tapeql.connect(str(lake)) as db, pytest.raises(LimitError, match="binance:BTCUSDT"):
        db.query("CANDLES 1s FROM binance:BTCUSDT FILL previous")


def test_nothing_stored_of_that_kind(lake: Path) -> None:
    """A verb whose rows are not stored is an error that says what is missing."""
    with tapeql.connect(str(lake)) as db, pytest.raises(QueryError, match="E403") as wrong:
        db.query("QUOTES FROM binance:BTCUSDT")
    assert "quotes" in wrong.value.diagnostics[0].reason


@pytest.mark.parametrize("engine", ["kernels", "sql"])
def test_long_chains_are_answered(lake: Path, engine: str) -> None:
    """A chain of nearly as many operators as the limit allows is a query like any other."""
    chain = " + ".join(["close"] * 450)
    with tapeql.connect(str(lake)) as db:
        rows = db.query(f"SET engine = {engine}; CANDLES 1h FROM binance:BTCUSDT ADD {chain} AS total LIMIT 2")
    closes, totals = rows["close"].to_pylist(), rows["total"].to_pylist()
    assert totals == pytest.approx([450 * close for close in closes])
