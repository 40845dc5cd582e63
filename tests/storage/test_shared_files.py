"""Short stretches of many symbols lie together, and nobody who reads or writes them can tell."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tapeql.storage.lake import Lake
from tapeql.storage.rows import conform
from tapeql.storage.schema import TICKS
from tests import tapes

SYMBOLS = 40
DAY_US = 86_400_000_000


def days(symbol: int, first: int = 0, count: int = 300) -> pa.Table:
    close = 100.0 + symbol + np.arange(first, first + count)
    ts = (20_000 + np.arange(first, first + count)) * DAY_US
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    return pa.table({"ts": pa.array(ts, pa.timestamp("us", "UTC")), **prices, "volume": close})


def write(lake: Lake, first: int = 0, count: int = 300) -> tuple[int, int, int]:
    with lake.begin() as rows:
        for n in range(SYMBOLS):
            rows.add("ohlcv", "x", f"S{n}", days(n, first, count), "1d")
        done = rows.commit()
    return done.added, done.present, done.replaced


def closes(lake: Lake, symbol: int) -> list[float]:
    batches = lake.snapshot().scan("ohlcv", "x", f"S{symbol}", -(2**62), 2**62, ["close"], "1d")
    return pa.Table.from_batches(batches)["close"].to_pylist()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_many_symbols_are_few_files(lake: Lake) -> None:
    """40 symbols' days are a file or two, and each symbol has its own rows, in any order of asking."""
    assert write(lake) == (SYMBOLS * 300, 0, 0)
    assert len(list(lake.path.rglob("ohlcv/**/*.parquet"))) <= 2
    for n in (*range(SYMBOLS), 7, 3, 39):
        assert closes(lake, n) == days(n)["close"].to_pylist()


def test_what_lies_together_is_merged_like_the_rest(lake: Lake) -> None:
    """Known rows change nothing, overlapping ones add what is new, and one symbol alone leaves its neighbours."""
    write(lake)
    assert write(lake) == (0, SYMBOLS * 300, 0)
    assert write(lake, 200) == (SYMBOLS * 200, SYMBOLS * 100, 0)
    assert lake.write("ohlcv", "x", "S5", days(6, 0, 10), "1d").replaced == 10
    assert closes(lake, 5)[:11] == [*days(6, 0, 10)["close"].to_pylist(), 115.0]
    for n in (4, 6):
        assert closes(lake, n) == days(n, 0, 500)["close"].to_pylist()


def test_a_lake_made_anew_in_the_same_place_is_another_one(tmp_path: Path) -> None:
    """What was decoded of a file is not taken for what a file of its name holds later."""
    for count in (100, 200):
        lake = Lake(tmp_path / "lake")
        write(lake, 0, count)
        assert len(closes(lake, 3)) == count
        lake.path.rename(tmp_path / f"old-{count}")


def test_a_feed_leaves_them_as_they_are(lake: Lake) -> None:
    """What an import put together is no live file: a feed neither merges it nor folds it into files of single symbols."""
    for first in (0, 300, 600, 900, 1200):
        write(lake, first)
    before = sorted(lake.path.rglob("ohlcv/**/*.parquet"))
    with lake.live() as feed:
        ticks = tapes.random_ticks("2024-12-31", 60, 10).append_column("seq", pa.array(range(10)))
        feed.append({("ticks", "x", "S1"): conform(TICKS, ticks)})
        feed.seal("x", 30_000)
    assert [path for path in before if not path.exists()] == []
    assert sorted(lake.path.rglob("ohlcv/**/*.parquet")) == before
    assert lake.last("ticks", "x", "S1") is not None
