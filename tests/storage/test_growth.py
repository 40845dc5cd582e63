"""What is asked of every symbol is not asked of all symbols each time."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

import tapeql
from tapeql.storage.lake import Lake
from tapeql.storage.manifest import Manifest

SYMBOLS = 30


@pytest.mark.parametrize(
    "text", ["SHOW symbols", "SHOW sources", "CANDLES 1d FROM nyse:*", "DESCRIBE CANDLES 1d FROM nyse:S*"]
)
def test_the_list_of_series_is_walked_a_few_times_however_many_symbols(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    rows = {"ts": pa.array([1_741_615_200_000_000], pa.timestamp("us", tz="UTC"))}
    candle = pa.table({**rows, **{name: [1.0] for name in ("open", "high", "low", "close", "volume")}})
    with Lake(tmp_path).begin() as transaction:
        for n in range(SYMBOLS):
            transaction.add("ohlcv", "nyse", f"S{n}", candle, interval="1m")
            transaction.add("ticks", "nyse", f"S{n}", pa.table({**rows, "price": [1.0], "quantity": [1.0]}))
        transaction.commit()
    walks = 0
    walked = Manifest.series

    def counted(self: Manifest) -> object:
        nonlocal walks
        walks += 1
        return walked(self)

    monkeypatch.setattr(Manifest, "series", counted)
    with tapeql.connect(str(tmp_path)) as db:
        assert db.query(text).num_rows >= 10
    assert 1 <= walks <= 3
