"""The collector against a simulated Binance: what it keeps, renews, doubts, seals and gives up."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tapeql
from tapeql.collect.clock import steady_clock
from tapeql.collect.collector import Collector
from tapeql.collect.journal import Journal
from tapeql.collect.store_writer import CONSUMER
from tapeql.collect.watched import watched
from tapeql.connectors.events import KINDS, Kind
from tapeql.errors import StoreError
from tapeql.storage.lake import Lake
from tapeql.storage.live import LakeLiveWriter
from tapeql.storage.store import Commit, Fed
from tests.collect.account import account, rows
from tests.collect.storm import IMPATIENT, KRAKEN_STEPS, MUCH, settled
from tests.exchange.binance import Binance, Weights
from tests.exchange.faults import Abort, Malformed, Mute, Plan, RestError
from tests.exchange.generator import START_US, Generated
from tests.exchange.kraken import Kraken
from tests.exchange.market import Depth, Market
from tests.exchange.server import Exchange

CALM_S = 15.0


def exchange_of(market: Market, plan: Plan | None = None) -> Exchange:
    return Exchange(market, Binance(weights=Weights(MUCH)), plan=plan)


@asynccontextmanager
async def collecting(
    exchange: Exchange, folder: Path, *, kinds: Sequence[Kind] = KINDS, **timing: float
) -> AsyncIterator[Collector]:
    """A collector of all symbols into folder/lake; when left it has stopped and stored everything."""
    environ = exchange.environ() | {"TAPEQL_BINANCE_WEIGHT_LIMIT": str(MUCH)}
    what = watched([f"binance:{','.join(exchange.market.tapes)}"], kinds, environ)
    with Journal(folder / "journal") as journal:
        collector = Collector(what, Lake(folder / "lake"), journal, steady_clock(), replace(IMPATIENT, **timing))
        stop = asyncio.Event()
        running = asyncio.create_task(collector.run(stop))
        try:
            while collector.state == "starting" or not exchange.sockets:
                await asyncio.sleep(0.01)
            yield collector
        finally:
            stop.set()
            assert await asyncio.wait_for(running, 30)


def gaps_of(folder: Path, symbol: str) -> list[dict[str, Any]]:
    return rows(Lake(folder / "lake"), "gaps", "binance", symbol)


def assert_whole(folder: Path, market: Market) -> None:
    for symbol, tape in market.tapes.items():
        found = account(Lake(folder / "lake"), "binance", symbol, tape, every_quote=True)
        assert found.ok, found


def test_connections_are_renewed_without_a_gap(tmp_path: Path) -> None:
    """Before a connection is cut the next one carries everything: no trade, quote or book update is missing."""

    async def run() -> Market:
        market = Market([Generated("BTCUSDT", seed=1, trades_per_s=20), Generated("ETHUSDT", seed=2)])
        async with exchange_of(market) as exchange, collecting(exchange, tmp_path, max_age_s=0.8) as collector:
            exchange.start(speed=5)
            while collector.counts.of("binance").renewals < 3:
                await asyncio.sleep(0.05)
            await exchange.stop()
            await exchange.quiesce()
            assert await settled(collector, exchange, CALM_S)
        return market

    market = asyncio.run(run())
    assert_whole(tmp_path, market)
    for symbol in market.tapes:
        assert {gap["reason"] for gap in gaps_of(tmp_path, symbol)} == {"the collector was stopped"}


def test_an_open_but_mute_connection_is_found_out(tmp_path: Path) -> None:
    """The socket stays open and answers pings, but says nothing: what REST knows tells on it."""

    async def run() -> tuple[Market, int]:
        market = Market([Generated("BTCUSDT", seed=1, trades_per_s=20)])
        plan = Plan(1, [Mute(after=50, times=1)])
        async with exchange_of(market, plan) as exchange, collecting(exchange, tmp_path) as collector:
            exchange.start(speed=5)
            while collector.counts.of("binance").connects < 2:
                await asyncio.sleep(0.05)
            await exchange.stop()
            await exchange.quiesce()
            assert await settled(collector, exchange, CALM_S)
        return market, collector.counts.of("binance").stale

    market, stale = asyncio.run(asyncio.wait_for(run(), 60))
    assert stale >= 1
    found = account(Lake(tmp_path / "lake"), "binance", "BTCUSDT", market.tapes["BTCUSDT"])
    assert found.ok, found


def test_a_quiet_symbol_is_not_a_broken_one(tmp_path: Path) -> None:
    """Nobody trades for long: the connection stays."""

    async def run() -> int:
        market = Market([Generated("NKNUSDT", seed=1, orders_per_s=0.0001, trades_per_s=0.0001)])
        async with exchange_of(market) as exchange, collecting(exchange, tmp_path, silence_s=0.2) as collector:
            await exchange.step(2)
            await asyncio.sleep(2)
            return collector.counts.of("binance").connects

    assert asyncio.run(run()) == 1


def test_a_day_ends_as_one_sorted_file(tmp_path: Path) -> None:
    """Some minutes of venue time after midnight the day's rows are folded; late ones are folded the next time."""

    async def run() -> Market:
        market = Market([Generated("BTCUSDT", seed=1, start_us=START_US + 355_000_000, trades_per_s=10)])
        async with exchange_of(market) as exchange, collecting(exchange, tmp_path) as collector:
            for _ in range(5):
                await exchange.skip(1)
                await asyncio.sleep(0.15)
            await exchange.skip(700)
            assert await settled(collector, exchange, CALM_S)
            while not list((tmp_path / "lake" / "ticks").rglob("2024-08-08*.parquet")):
                await asyncio.sleep(0.05)
        return market

    market = asyncio.run(asyncio.wait_for(run(), 60))
    assert_whole(tmp_path, market)
    parts = Lake(tmp_path / "lake").snapshot().parts("ticks", "binance", "BTCUSDT")
    midnight_us = 1_723_161_600_000_000
    (day,) = [part for part in parts if part.min_us < midnight_us]
    assert day.path.startswith("ticks/binance/BTCUSDT/2024-08-08")
    with tapeql.connect(str(tmp_path / "lake")) as db:
        counted = db.query("CANDLES 1m FROM binance:BTCUSDT KEEP partial")
    assert sum(counted.column("trades").to_pylist()) == len(market.tapes["BTCUSDT"].trades)


def test_an_outage_longer_than_the_horizon_is_filled_from_the_horizon_on(tmp_path: Path) -> None:
    """By the venue's time, whatever our clock says: the rest stays declared, with its reason."""

    async def run() -> Market:
        market = Market([Generated("BTCUSDT", seed=1, orders_per_s=0.05, trades_per_s=0.05)])
        async with exchange_of(market) as exchange:
            async with collecting(exchange, tmp_path, kinds=["trades"]):
                await exchange.skip(600)
            await exchange.skip(30 * 3600)
            async with collecting(exchange, tmp_path, kinds=["trades"]) as collector:
                await exchange.skip(60)
                await exchange.quiesce()
                assert await settled(collector, exchange, CALM_S)
        return market

    market = asyncio.run(asyncio.wait_for(run(), 90))
    found = account(Lake(tmp_path / "lake"), "binance", "BTCUSDT", market.tapes["BTCUSDT"])
    assert found.ok, found
    (given_up,) = [g for g in gaps_of(tmp_path, "BTCUSDT") if g["filled_at"] is None and g["until"] is not None]
    assert given_up["reason"] == "older than the backfill horizon"
    last_us = market.tapes["BTCUSDT"].trades[-1].ts_us
    assert abs(last_us - given_up["until"] - 24 * 3600 * 1_000_000) < 600 * 1_000_000
    assert len(found.trades.declared) == given_up["to_id"] - given_up["from_id"] + 1


def test_history_that_refuses_for_long_is_waited_for(tmp_path: Path) -> None:
    """More refusals than a hole is given tries: they say nothing of what history has."""

    async def run() -> Market:
        market = Market([Generated("BTCUSDT", seed=1, trades_per_s=20)])
        plan = Plan(1, [Abort(after=200, times=1), RestError(status=503, rate=1.0, times=40)])
        waits = {"fill_tries": 2, "backoff_most_s": 0.1}
        async with exchange_of(market, plan) as exchange, collecting(exchange, tmp_path, **waits) as collector:
            exchange.start(speed=10)
            while not any(injected.fault == "Abort" for injected in exchange.ledger.injected):
                await asyncio.sleep(0.05)
            await exchange.stop()
            await exchange.quiesce()
            assert await settled(collector, exchange, 60)
        return market

    assert_whole(tmp_path, asyncio.run(asyncio.wait_for(run(), 120)))


def test_what_there_is_no_room_for_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that stalls fills memory only so far: trades dropped meanwhile come from history, quotes are declared."""
    monkeypatch.setattr("tapeql.collect.recorder.PENDING_EVENTS", 50)

    async def run() -> tuple[Market, int]:
        market = Market([Generated("BTCUSDT", seed=1, trades_per_s=20)])
        async with exchange_of(market) as exchange, collecting(exchange, tmp_path, flush_s=0.2) as collector:
            for _ in range(8):
                await exchange.skip(5)
                await asyncio.sleep(0.1)
            await asyncio.sleep(0.5)
            await exchange.quiesce()
            assert await settled(collector, exchange, CALM_S)
            return market, collector.counts.of("binance").dropped

    market, dropped = asyncio.run(asyncio.wait_for(run(), 60))
    assert dropped > 100
    assert_whole(tmp_path, market)


def test_an_unreadable_frame_loses_what_nothing_else_shows(tmp_path: Path) -> None:
    """On Kraken a change of any book, behind the levels its checksum is of, and any quote; ids show a lost trade."""

    async def run() -> None:
        market = Market([Generated(f"{base}/USD", seed=3, **KRAKEN_STEPS) for base in ("BTC", "ETH")])
        plan = Plan(4, [Malformed(only=Depth, after=20, replace=True, times=1)])
        async with Exchange(market, Kraken(), plan=plan) as exchange:
            what = watched([f"kraken:{','.join(market.tapes)}"], KINDS, exchange.environ())
            with Journal(tmp_path / "journal") as journal:
                collector = Collector(what, Lake(tmp_path / "lake"), journal, steady_clock(), IMPATIENT)
                stop = asyncio.Event()
                running = asyncio.create_task(collector.run(stop))
                while not all(all(feed.carriers.values()) for feed in collector.feeds.values()):
                    await asyncio.sleep(0.01)
                await exchange.step(200)
                assert await settled(collector, exchange, CALM_S)
                assert {injected.fault for injected in exchange.ledger.injected} == {"Malformed"}
                stop.set()
                await running
        for symbol in market.tapes:
            gaps = rows(Lake(tmp_path / "lake"), "gaps", "kraken", symbol)
            lost = sorted(gap["kind"] for gap in gaps if gap["reason"] == "unreadable frame")
            assert lost == ["book", "quotes"]

    asyncio.run(asyncio.wait_for(run(), 60))


def test_no_spread_stands_over_an_outage(tmp_path: Path) -> None:
    """A quote ends where its feed ended: bars inside the outage have no spread, those around it do."""

    async def run() -> None:
        market = Market([Generated("BTCUSDT", seed=1, trades_per_s=5)])
        async with exchange_of(market) as exchange:
            async with collecting(exchange, tmp_path) as collector:
                await exchange.skip(180)
                assert await settled(collector, exchange, CALM_S)
            await exchange.skip(600)
            async with collecting(exchange, tmp_path) as collector:
                await exchange.skip(180)
                assert await settled(collector, exchange, CALM_S)

    asyncio.run(run())
    with tapeql.connect(str(tmp_path / "lake")) as db:
        bars = db.query("CANDLES 1m FROM binance:BTCUSDT ADD spread_pct")
        gaps = db.query("SHOW gaps")
    spreads = bars.column("spread_pct").to_pylist()
    assert spreads[0] is not None
    assert None in spreads
    assert all(count for count in bars.column("trades").to_pylist()), "trades were filled in"
    # What is missing can be asked for in the language: the outage of quotes and book, and the one that goes on.
    assert gaps.column("kind").to_pylist().count("quotes") == 2
    assert set(gaps.column("reason").to_pylist()) == {"the collector was stopped"}
    assert gaps.column("end").null_count == 3


def test_what_a_damaged_journal_lost_is_declared_and_filled(tmp_path: Path) -> None:
    """A flipped bit in the middle of the journal, before it was stored: trades come from history, the rest is declared."""

    async def run() -> Market:
        market = Market([Generated("BTCUSDT", seed=1, trades_per_s=20)])
        async with exchange_of(market) as exchange:
            async with collecting(exchange, tmp_path):
                for _ in range(20):
                    await exchange.skip(1)
                    await asyncio.sleep(0.03)
            # The store is lost, and the journal must give all of it again.
            shutil.rmtree(tmp_path / "lake")
            (tmp_path / "journal" / "store.ack").unlink()
            (segment,) = (tmp_path / "journal").glob("*.journal")
            damaged = bytearray(segment.read_bytes())
            damaged[len(damaged) // 2] ^= 0x10
            segment.write_bytes(damaged)
            async with collecting(exchange, tmp_path) as collector:
                await exchange.quiesce()
                assert await settled(collector, exchange, CALM_S)
        return market

    market = asyncio.run(asyncio.wait_for(run(), 60))
    assert_whole(tmp_path, market)
    damaged = [gap for gap in gaps_of(tmp_path, "BTCUSDT") if gap["reason"] == "the journal was damaged"]
    assert {gap["kind"] for gap in damaged} >= {"trades", "quotes"}


@pytest.mark.parametrize("goes_on", [True, False])
def test_damage_found_while_collecting_is_declared_and_filled(goes_on: bool, tmp_path: Path) -> None:
    """The store was away, and some of what waits for it cannot be read: without a restart, and without a trade that would show
    the loss, trades come from history, and the rest is declared."""

    async def run() -> Market:
        market = Market([Generated("BTCUSDT", seed=1, trades_per_s=20)])
        async with exchange_of(market) as exchange, collecting(exchange, tmp_path) as collector:

            async def on(seconds: int) -> None:
                for _ in range(seconds):
                    await exchange.skip(1)
                    await asyncio.sleep(0.03)

            await on(10)
            assert await settled(collector, exchange, CALM_S)
            writer = collector._writer.live
            assert isinstance(writer, LakeLiveWriter)

            def refused(rows: Fed) -> Commit:
                raise StoreError("away")

            with pytest.MonkeyPatch.context() as away:
                away.setattr(writer, "append", refused)
                (segment,) = (tmp_path / "journal").glob("*.journal")
                before = segment.stat().st_size
                await on(10)
                await exchange.quiesce()
                await asyncio.sleep(0.1)
                with open(segment, "r+b") as file:
                    offset = file.seek((before + segment.stat().st_size) // 2)
                    lost = file.read(200 if goes_on else -1)
                    file.seek(offset)
                    file.write(bytes(byte ^ 0x10 for byte in lost))
            if goes_on:
                await on(5)
            while collector._declared == 0:
                await asyncio.sleep(0.05)
            while collector.journal.depth_bytes(CONSUMER):
                await asyncio.sleep(0.05)
            await on(70)
            await exchange.quiesce()
            assert await settled(collector, exchange, CALM_S)
        return market

    market = asyncio.run(asyncio.wait_for(run(), 60))
    assert_whole(tmp_path, market)
    damaged = [gap for gap in gaps_of(tmp_path, "BTCUSDT") if gap["reason"] == "the journal was damaged"]
    assert {gap["kind"] for gap in damaged} == set(KINDS)
    assert all(gap["filled_at"] for gap in damaged if gap["kind"] == "trades")
