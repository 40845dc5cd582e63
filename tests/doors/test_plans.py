"""Plans are remembered only where a later clock cannot change them."""

from __future__ import annotations

from pathlib import Path

import pytest

import tapeql
from tapeql.serve.service import Service
from tapeql.serve.wire import Request
from tapeql.storage.lake import Lake
from tests import tapes

DAY_US = 86_400_000_000


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    rows = tapes.random_ticks("2025-03-10T08:00Z", 7200, 400, seed=1)
    lake.write("ticks", "binance", "BTCUSDT", rows)
    return lake


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("CANDLES 1h FROM binance:BTCUSDT", True),
        ("CANDLES 1h FROM binance:BTCUSDT ON DAYS WHERE volume > 0", True),
        ("CANDLES 1h FROM binance:BTCUSDT DURING last 1d", False),
        ("CANDLES 1h FROM binance:BTCUSDT SINCE yesterday", False),
        ("CANDLES 1h FROM binance:BTCUSDT FILL previous", False),
    ],
)
def test_what_is_remembered(lake: Lake, text: str, kept: bool) -> None:
    """A sentence about finished bars is understood once; one about today, or that fills up to now, every time."""
    last_us = max(part.max_us for part in lake.snapshot().parts("ticks", "binance", "BTCUSDT"))
    clock_us = [last_us + 30 * DAY_US]
    service = Service(lake, now=lambda: clock_us[0])
    service.run(Request(text)).table()
    clock_us[0] += 1
    assert bool(service._planner._plans._plans) is kept
    service.run(Request(text)).table()


def test_an_unfinished_bar_is_looked_at_again(lake: Lake) -> None:
    """A bar that was unfinished when first asked is there once it is complete."""
    last_us = max(part.max_us for part in lake.snapshot().parts("ticks", "binance", "BTCUSDT"))
    clock_us = [last_us + 1]
    service = Service(lake, now=lambda: clock_us[0])
    request = Request("CANDLES 1h FROM binance:BTCUSDT")
    before = service.run(request).table().num_rows
    clock_us[0] = last_us + 3 * DAY_US
    assert service.run(request).table().num_rows == before + 1


def test_an_import_is_seen(lake: Lake) -> None:
    """A remembered plan belongs to its snapshot: what is imported later is in the next answer."""
    with tapeql.connect(str(lake.path)) as db:
        before = db.query("TICKS FROM binance:BTCUSDT").num_rows
        lake.write("ticks", "binance", "BTCUSDT", tapes.random_ticks("2025-03-11T08:00Z", 7200, 400, seed=2))
        assert db.query("TICKS FROM binance:BTCUSDT").num_rows == before + 400
