"""Connections that are replaced before a venue ends them: whatever happens meanwhile, no quote is lost in silence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tapeql.collect.collector import Collector
from tapeql.collect.link import Link
from tapeql.connectors.socket import SocketConnector
from tests.collect.storm import settled
from tests.collect.test_collector import CALM_S, assert_whole, collecting, exchange_of, gaps_of
from tests.exchange.faults import Abort, Delay, Item, Memory, Plan, Refuse, Shutdown, SlowSnapshot, Wire
from tests.exchange.generator import Generated
from tests.exchange.market import Market
from tests.exchange.server import Exchange

STOPPED = "the collector was stopped"


def market_of() -> Market:
    return Market([Generated("BTCUSDT", seed=1, trades_per_s=20)])


def slow_to_open(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Every connection but the first takes so long."""
    connect, opened = SocketConnector.connect, []

    async def slowly(self: SocketConnector) -> None:
        if opened:
            await asyncio.sleep(seconds)
        opened.append(self)
        await connect(self)

    monkeypatch.setattr(SocketConnector, "connect", slowly)


def test_a_connection_that_ends_before_its_successor_stands_is_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The venue announces a shutdown and is gone while the next connection still opens: the gap between is declared."""
    slow_to_open(monkeypatch, 0.5)

    async def run() -> Market:
        market = market_of()
        plan = Plan(1, [Shutdown(after=100, times=1, grace_s=0.1)])
        async with exchange_of(market, plan) as exchange, collecting(exchange, tmp_path) as collector:
            exchange.start(speed=5)
            await until(lambda: collector.counts.of("binance").connects == 2)
            await calm(exchange)
            assert await settled(collector, exchange, CALM_S)
        return market

    assert_whole(tmp_path, asyncio.run(run()))
    assert "connection lost: closed with 1001" in {gap["reason"] for gap in gaps_of(tmp_path, "BTCUSDT")}


def test_what_is_on_its_way_at_a_renewal_is_not_lost(tmp_path: Path) -> None:
    """The old connection is slower than the new one: what it has still to say is heard."""

    async def run() -> Market:
        market = market_of()
        plan = Plan(1, [SlowPath(seconds=0.05)])
        async with (
            exchange_of(market, plan) as exchange,
            collecting(exchange, tmp_path, kinds=["quotes"], linger_s=0.5) as collector,
        ):
            exchange.start(speed=20)
            await asyncio.sleep(0.5)
            renew(collector)
            await until(lambda: collector.counts.of("binance").renewals == 1)
            await asyncio.sleep(0.3)
            await calm(exchange)
        return market

    assert_whole(tmp_path, asyncio.run(run()))
    assert [gap["reason"] for gap in gaps_of(tmp_path, "BTCUSDT")] == [STOPPED]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowPath(Delay):
    """All that the first connection is told comes later, in its order."""

    stall: bool = True

    def apply(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        return Delay.apply(self, item, wire, my) if wire.socket.number == 0 else [item]


def test_a_refused_renewal_is_not_repeated_at_once(tmp_path: Path) -> None:
    """The venue takes no more connections: it is asked again after a pause, and the old one stays."""

    async def run() -> int:
        market = market_of()
        plan = Plan(1, [Refuse(after=1)])
        async with exchange_of(market, plan) as exchange, collecting(exchange, tmp_path, max_age_s=0.3):
            exchange.start(speed=5)
            await asyncio.sleep(1.3)
            await calm(exchange)
            return len(exchange.ledger.injected)

    assert 2 <= asyncio.run(run()) <= 4
    assert [gap["reason"] for gap in gaps_of(tmp_path, "BTCUSDT")] == [STOPPED] * 3


def test_a_successor_that_dies_takes_nothing_with_it(tmp_path: Path) -> None:
    """Its end is no reason to end the old connection: that one goes on, and another successor is opened later."""

    async def run() -> Market:
        market = market_of()
        plan = Plan(1, [FirstSuccessorAborts()])
        async with exchange_of(market, plan) as exchange, collecting(exchange, tmp_path) as collector:
            exchange.start(speed=5)
            await asyncio.sleep(0.3)
            renew(collector)
            await until(lambda: collector.counts.of("binance").renewals == 1)
            assert collector.counts.of("binance").connects == 3
            await until(lambda: collector.counts.of("binance").connections == 1)
            await calm(exchange)
            assert await settled(collector, exchange, CALM_S)
        return market

    assert_whole(tmp_path, asyncio.run(run()))
    assert [gap["reason"] for gap in gaps_of(tmp_path, "BTCUSDT")] == [STOPPED] * 3


def test_books_that_a_dead_successor_had_taken_over_are_begun_anew(tmp_path: Path) -> None:
    """It dies between two books, and no other can be opened: the old connection has them both again."""

    async def run() -> tuple[Market, Collector]:
        market = Market([Generated("BTCUSDT", seed=1), Generated("ETHUSDT", seed=2)])
        plan = Plan(1, [SlowSnapshot(after=3, times=1, seconds=2), FirstSuccessorAborts(after=100), Refuse(after=2)])
        async with exchange_of(market, plan) as exchange, collecting(exchange, tmp_path) as collector:
            exchange.start(speed=5)
            await asyncio.sleep(0.5)
            renew(collector)
            await until(lambda: collector.counts.of("binance").connects == 2)
            await until(lambda: collector.counts.of("binance").connections == 1)
            await calm(exchange)
            assert await settled(collector, exchange, CALM_S)
            assert {feed.books.current for feed in collector.feeds.values()} == {link_of(collector).number}
        return market, collector

    market, collector = asyncio.run(run())
    assert_whole(tmp_path, market)
    assert collector.counts.of("binance").renewals == 0
    assert sum(len(gaps_of(tmp_path, symbol)) for symbol in market.tapes) == 7


def test_the_old_connection_stays_until_the_new_one_has_every_book(tmp_path: Path) -> None:
    """Snapshots of books take their time; as long as the old connection is not too old they have it."""

    async def run() -> Market:
        market = Market([Generated("BTCUSDT", seed=1, trades_per_s=20), Generated("ETHUSDT", seed=2)])
        plan = Plan(1, [SlowSnapshot(after=2, seconds=0.8)])
        patience = {"max_age_s": 6.0, "renew_share": 0.2, "overlap_s": 0.1}
        async with exchange_of(market, plan) as exchange, collecting(exchange, tmp_path, **patience) as collector:
            exchange.start(speed=5)
            await until(lambda: collector.counts.of("binance").renewals == 1)
            await calm(exchange)
            assert await settled(collector, exchange, CALM_S)
        return market

    market = asyncio.run(run())
    assert_whole(tmp_path, market)
    for symbol in market.tapes:
        assert {gap["reason"] for gap in gaps_of(tmp_path, symbol)} == {STOPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSuccessorAborts(Abort):
    """The second connection is reset, at once or `after` so many messages."""

    def apply(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        return Abort.apply(self, item, wire, my) if wire.socket.number == 1 else [item]


def renew(collector: Collector) -> None:
    """As if the venue had announced the end of the connection."""
    link_of(collector).renew.set()


def link_of(collector: Collector) -> Link:
    (supervisor,) = collector._supervisors
    assert supervisor.link is not None
    return supervisor.link


async def until(holds: Callable[[], object], most_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + most_s
    while not holds():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.01)


async def calm(exchange: Exchange) -> None:
    await exchange.stop()
    await exchange.quiesce()
