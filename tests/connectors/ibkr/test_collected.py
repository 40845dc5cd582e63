"""The collector with IBKR: an outage between, and the store has the tape."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from tapeql.collect.clock import steady_clock
from tapeql.collect.collector import Collector
from tapeql.collect.journal import Journal
from tapeql.collect.rows import plain
from tapeql.collect.timing import Timing
from tapeql.collect.watched import watched
from tapeql.connectors.events import KINDS
from tapeql.connectors.ibkr import pacing, stream
from tapeql.connectors.ibkr.numbering import UNREPORTED
from tapeql.storage.lake import Lake
from tests.connectors.ibkr.session import until
from tests.exchange.ibkr import Level, Listed, Print, Tws

IMPATIENT = Timing(
    backoff_first_s=0.05, backoff_most_s=0.3, silence_s=60.0, reorder_s=0.05, flush_s=0.002, store_s=0.1, fill_tries=8
)


def test_an_outage_is_filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TWS hangs up while trades go on: afterwards the store has each of them once, in order, and no gap in trades."""
    # IBKR's rules against asking twice, scaled to a test of seconds.
    monkeypatch.setattr(stream, "AGAIN_S", 0.1)
    monkeypatch.setattr(pacing, "SAME_S", 0.1)
    monkeypatch.setattr(pacing, "BURST_S", 0.1)
    lake = Lake(tmp_path / "lake")
    stock = Listed(265598, "AAPL", bids=[Level(10.0, 1.0)], asks=[Level(10.1, 1.0)])

    async def scenario() -> None:
        chance = random.Random(2)
        async with Tws([stock]) as tws:
            what = watched(["ibkr:AAPL"], KINDS, {"TAPEQL_IBKR_WS_URL": tws.url, "TAPEQL_IBKR_SYMBOLS": "AAPL"})
            with Journal(tmp_path / "journal") as journal:
                collector = Collector(what, lake, journal, steady_clock(), IMPATIENT)
                feed = collector.feeds["ibkr", "AAPL"]
                stop, trading = asyncio.Event(), True

                async def trade() -> None:
                    while trading:
                        now_s = int(time.time())
                        tws.trade(
                            stock, Print(now_s, 10 + chance.randrange(4) / 100, 1.0, "P", "", chance.random() < 0.1)
                        )
                        tws.quote(stock, now_s, 10.0, chance.randrange(1, 9), 10.1, 1.0)
                        if chance.random() < 0.2:
                            tws.update(stock, "bids", 0, Level(10.0, float(chance.randrange(1, 9))))
                        await asyncio.sleep(0.02)

                collecting, happening = asyncio.create_task(collector.run(stop)), asyncio.create_task(trade())
                await until(lambda: feed.trades.last_us is not None)
                await asyncio.sleep(0.3)
                tws.hang_up()
                await until(lambda: feed.trades.missing())
                await until(
                    lambda: not feed.trades.missing() and all(feed.carriers.values()),
                    lambda: (collector.status(), feed.trades.missing()),
                )
                trading = False
                await happening
                stop.set()
                assert await asyncio.wait_for(collecting, 20)
                assert collector.counts.of("ibkr").filled_trades > 0

    asyncio.run(asyncio.wait_for(scenario(), 40))
    ticks = plain(lake.rows("ticks", "ibkr", "AAPL"))
    stored = sorted((row["ts"] // 1_000_000, row["seq"], row["price"]) for row in ticks if row["seq"] < UNREPORTED)
    first_s = stored[0][0]
    places: dict[int, int] = {}
    happened = []
    for each in stock.history():
        places[each.second] = places.get(each.second, -1) + 1
        if each.second >= first_s:
            happened.append((each.second, places[each.second], each.price))
    assert stored == happened
    assert len({row["trade_id"] for row in ticks}) == len(ticks)
    gaps = plain(lake.rows("gaps", "ibkr", "AAPL"))
    assert {row["kind"] for row in gaps} == set(KINDS)
    # What was lost is declared; trades were found again.
    lost = [row for row in gaps if "connection lost" in row["reason"]]
    assert {row["kind"] for row in lost} == set(KINDS)
    assert all(row["filled_at"] is not None for row in lost if row["kind"] == "trades")
    assert all(row["until"] is not None for row in lost)
    (instrument,) = plain(lake.rows("instruments", "ibkr", "AAPL"))
    assert instrument["kind"] == "stock"
    book = plain(lake.rows("book", "ibkr", "AAPL"))
    assert [row["kind"] for row in book].count("snapshot") >= 2
