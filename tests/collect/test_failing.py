"""A part of the collector that fails by itself ends it: with its reason, and with everything stored."""

from __future__ import annotations

import asyncio
import logging
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tapeql.collect.clock import steady_clock
from tapeql.collect.collector import Collector
from tapeql.collect.journal import Journal
from tapeql.collect.silence import Silence
from tapeql.collect.watched import watched
from tapeql.connectors.binance.connector import BinanceConnector
from tapeql.errors import DataError
from tapeql.storage.lake import Lake
from tests.collect.account import rows
from tests.collect.storm import IMPATIENT
from tests.exchange.binance import Binance
from tests.exchange.generator import Generated
from tests.exchange.market import Market
from tests.exchange.server import Exchange


def collected(folder: Path) -> Collector:
    """Collects until something fails. Nobody tells it to stop."""

    async def run() -> None:
        market = Market([Generated("BTCUSDT", seed=1, trades_per_s=20)])
        async with Exchange(market, Binance()) as exchange:
            what = watched(["binance:BTCUSDT"], ["trades"], exchange.environ())
            with Journal(folder / "journal") as journal:
                collectors.append(Collector(what, Lake(folder / "lake"), journal, steady_clock(), IMPATIENT))
                exchange.start(speed=5)
                await collectors[0].run(asyncio.Event())

    collectors: list[Collector] = []
    try:
        asyncio.run(asyncio.wait_for(run(), 20))
    finally:
        assert collectors[0].state == "stopping"
    return collectors[0]


@pytest.mark.parametrize(
    ("variables", "missing", "says"),
    [
        ({"TAPEQL_IBKR_WS_URL": "tcp://127.0.0.1"}, "", "TAPEQL_IBKR_WS_URL must be like tcp://127.0.0.1:4002"),
        ({"TAPEQL_IBKR_DEPTH_ROWS": "0"}, "", "TAPEQL_IBKR_DEPTH_ROWS must be a number above 0"),
        ({}, "ib_async", "needs the package ib_async"),
    ],
)
def test_what_no_connector_can_be_made_of_is_told_before_the_start(
    variables: dict[str, str], missing: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tapeql.connectors.ibkr.connector.find_spec", lambda name: None if name == missing else find_spec(name)
    )
    with pytest.raises(DataError, match=says):
        watched(["ibkr:AAPL"], ["trades"], variables)


def test_settings_that_no_connection_can_be_made_with_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They do not get better by trying again: the error is the collector's."""

    async def connect(self: BinanceConnector) -> None:
        raise DataError("TAPEQL_BINANCE_WS_URL must be another")

    monkeypatch.setattr(BinanceConnector, "connect", connect)
    with pytest.raises(DataError, match="must be another"):
        collected(tmp_path)


def test_a_bug_in_a_task_is_logged_and_ends_the_collector(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing goes on with a part of it missing; what came before is stored, and the end is declared."""

    async def watch(self: Silence) -> None:
        await asyncio.sleep(0.5)
        raise LookupError("a bug")

    monkeypatch.setattr(Silence, "watch", watch)
    with caplog.at_level(logging.ERROR, "tapeql.collect"), pytest.raises(LookupError, match="a bug"):
        collected(tmp_path)
    (said,) = [record for record in caplog.records if record.message == "a task failed"]
    assert said.exc_info is not None
    lake = Lake(tmp_path / "lake")
    assert len(rows(lake, "ticks", "binance", "BTCUSDT")) > 3
    assert [gap["reason"] for gap in rows(lake, "gaps", "binance", "BTCUSDT")] == ["the collector was stopped"]


def test_a_recorder_that_fails_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it holds will never be written: the end comes at once."""

    def append(self: Journal, payloads: Any) -> int:
        raise LookupError("a bug")

    monkeypatch.setattr(Journal, "append", append)
    began_s = time.monotonic()
    with pytest.raises(LookupError, match="a bug"):
        collected(tmp_path)
    assert time.monotonic() - began_s < 10
