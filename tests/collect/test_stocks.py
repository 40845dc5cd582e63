"""A collector of stock venues, whose trades have no numbers that show a loss: outages are filled by their time."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tapeql.collect.clock import steady_clock
from tapeql.collect.collector import STOPPED, Collector
from tapeql.collect.feed import Feed
from tapeql.collect.journal import Journal
from tapeql.collect.status import status
from tapeql.collect.timing import Timing
from tapeql.collect.watched import watched
from tapeql.connectors.events import KINDS
from tapeql.storage.lake import Lake
from tests.collect.account import rows
from tests.exchange.alpaca import Alpaca
from tests.exchange.faults import Abort, Cut, Duplicate, Malformed, Merge, Plan, Refuse, Split, Unknown
from tests.exchange.market import Tape, Trade
from tests.exchange.massive import Massive
from tests.exchange.server import Exchange
from tests.exchange.stocks import stock_market

IMPATIENT = Timing(
    backoff_first_s=0.05,
    backoff_most_s=0.3,
    settled_s=1.0,
    silence_s=0.8,
    doubt_s=0.2,
    flush_s=0.002,
    store_s=0.1,
    fill_tries=60,
)


@pytest.mark.parametrize(
    "venue", [Alpaca(), Alpaca(behind_s=6.0), Massive()], ids=["alpaca", "alpaca history is behind", "massive"]
)
def test_outages_are_filled_by_their_time(venue: Any, tmp_path: Path) -> None:
    """Resets, refused connections, repeated, merged and unreadable frames: in the end every trade is stored once, as it was made."""
    plan = Plan(
        3,
        [
            Abort(after=60, times=1),
            Cut(times=1),
            Refuse(after=1, times=2),
            Duplicate(rate=0.05),
            Merge(rate=0.05, count=4),
            Split(rate=0.05),
            Unknown(rate=0.02),
            Malformed(rate=0.01, replace=True),
        ],
    )
    market = stock_market("AAPL", "SPY", seed=3)
    lake = Lake(tmp_path / "lake")

    async def collect() -> None:
        async with Exchange(market, venue, plan=plan) as exchange:
            what = watched([f"{venue.name}:AAPL,SPY"], KINDS, exchange.environ() | venue.environ())
            assert what[0].kinds == ("trades", "quotes")
            with Journal(tmp_path / "journal") as journal:
                collector = Collector(what, lake, journal, steady_clock(), IMPATIENT)
                stop = asyncio.Event()
                collecting = asyncio.create_task(collector.run(stop))
                feeds = collector.feeds.values()
                await _until(lambda: all(all(feed.carriers.values()) and feed.carriers for feed in feeds))
                exchange.start(speed=25)
                await asyncio.sleep(1.8)
                await exchange.stop()
                await exchange.quiesce()
                deadline_s = time.monotonic() + 20
                while not all(_well(f, market.tapes[f.symbol]) for f in feeds):
                    assert time.monotonic() < deadline_s, status(collector)
                    await exchange.step(12)
                    await asyncio.sleep(0.1)
                await exchange.quiesce()
                await asyncio.sleep(0.3)
                stop.set()
                await asyncio.wait_for(collecting, 30)
            assert {"Abort", "Duplicate", "Malformed"} <= {injected.fault for injected in exchange.ledger.injected}

    asyncio.run(asyncio.wait_for(collect(), 60))
    for symbol, tape in market.tapes.items():
        stored = rows(lake, "ticks", venue.name, symbol)
        found = sorted((int(row["trade_id"].split("/")[2]), row["ts"], row["price"], row["quantity"]) for row in stored)
        made = [(t.trade_id, t.ts_us, float(t.price), float(t.quantity)) for t in tape.trades if isinstance(t, Trade)]
        gaps = rows(lake, "gaps", venue.name, symbol)
        assert found == [trade for trade in made if trade[0] >= found[0][0]], "\n".join(str(gap) for gap in gaps)
        assert found[0][0] <= made[0][0] + 3
        assert any(gap["filled_at"] is not None for gap in gaps if gap["kind"] == "trades")
        # The last one begins where the collector ended.
        left = [gap for gap in gaps if gap["kind"] == "trades" and gap["filled_at"] is None]
        assert [(gap["reason"], gap["until"]) for gap in left] == [(STOPPED, None)]


def _well(feed: Feed, tape: Tape) -> bool:
    """Whether it is live, has heard the last trade, and misses none."""
    return bool(
        all(feed.carriers.values())
        and not feed.trades.missing()
        and feed.trades.last_us == max(trade.ts_us for trade in tape.trades)
    )


async def _until(condition: Any) -> None:
    deadline_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.02)
