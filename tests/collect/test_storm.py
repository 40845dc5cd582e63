"""A few storms of every run of the tests; `python -m tests.collect.storm` has hundreds. And what the guards are for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tapeql.collect.backfill import Backfill
from tapeql.collect.clock import steady_clock
from tapeql.collect.collector import Collector
from tapeql.collect.journal import Journal
from tapeql.collect.trades import ContiguousTrades
from tapeql.collect.watched import watched
from tapeql.connectors.binance.book import BinanceBook
from tapeql.connectors.book import Synced
from tapeql.connectors.events import BookDelta, BookSnapshot, Kept, Trade, Void
from tapeql.storage.lake import Lake
from tests.collect.account import rows
from tests.collect.storm import IMPATIENT, Run, storm
from tests.exchange.binance import Binance, Weights
from tests.exchange.faults import Drop, Item, Memory, Plan, Wire
from tests.exchange.generator import Generated
from tests.exchange.market import Depth, Market
from tests.exchange.server import Exchange


def runs(seeds: Iterable[int], folder: Path, venue: str = "binance", calm_s: float = 30.0) -> list[Run]:
    async def all_of_them() -> list[Run]:
        return await asyncio.gather(
            *(storm(seed, folder / f"{venue}{seed}", venue=venue, calm_s=calm_s) for seed in seeds)
        )

    return asyncio.run(all_of_them())


@pytest.mark.parametrize(("venue", "seeds"), [("binance", (1, 8, 12)), ("binanceusdm", (4, 17))])
def test_a_storm_leaves_a_tape_to_be_trusted(venue: str, seeds: tuple[int, ...], tmp_path: Path) -> None:
    """Each trade once or declared, every book the exchange's, whatever happened on the way."""
    for run in runs(seeds, tmp_path, venue):
        assert run.faults.total() > 20, "a calm sea proves nothing"
        assert run.ok, f"{run.plan}\n{run.error}\n" + "\n".join(map(str, run.accounts))
        assert sum(each.trades_made for each in run.accounts) > 100


def test_without_the_count_of_ids_trades_are_lost_and_doubled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control arm: whoever stores what comes as it comes has holes nobody declared."""

    def whatever_comes(self: ContiguousTrades, trade: Trade | Void) -> list[Kept]:
        self.next, self.last_us = trade.seq + 1, getattr(trade, "ts_us", self.last_us)
        return [trade] if isinstance(trade, Trade) else []

    monkeypatch.setattr(ContiguousTrades, "live", whatever_comes)
    monkeypatch.setattr(ContiguousTrades, "lost", lambda self, reason: [])
    found = runs((1, 8, 12), tmp_path, calm_s=3.0)
    assert any(each.trades.lost for run in found for each in run.accounts)


def test_without_backfill_what_is_missing_stays_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control arm: the holes are honest, and stay."""
    monkeypatch.setattr(Backfill, "ask", lambda self, feed: None)
    found = runs((1, 8, 12), tmp_path, calm_s=3.0)
    assert sum(len(each.trades.declared) for run in found for each in run.accounts) > 10
    assert all(not each.trades.lost for run in found for each in run.accounts)


def test_without_the_book_rule_books_are_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control arm: a book that takes every delta is another book after some storms; which, the weather decides."""

    def take(self: BinanceBook, event: BookDelta) -> Synced:
        first, self._taken = not getattr(self, "_taken", False), True
        return Synced([event], wants_snapshot=first)

    def begin(self: BinanceBook, snapshot: BookSnapshot) -> Synced:
        return Synced([snapshot])

    monkeypatch.setattr(BinanceBook, "on_delta", take)
    monkeypatch.setattr(BinanceBook, "on_snapshot", begin)
    assert any(
        not each.book.ok
        for seeds in ((1, 8, 12), (2, 3, 5), (4, 6, 7))
        for run in runs(seeds, tmp_path, calm_s=3.0)
        for each in run.accounts
    )


def test_one_symbol_s_gap_never_resets_another(tmp_path: Path) -> None:
    """Every tenth delta of one book is lost; the other's goes on from its first snapshot without a gap."""

    async def collect() -> tuple[list[dict[str, object]], list[dict[str, object]]]:
        market = Market([Generated("BTCUSDT", seed=1), Generated("ETHUSDT", seed=2)])
        plan = Plan(1, [DropOf(symbol="BTCUSDT")])
        lake = Lake(tmp_path / "lake")
        async with Exchange(market, Binance(weights=Weights(10**6)), plan=plan) as exchange:
            environ = exchange.environ() | {"TAPEQL_BINANCE_WEIGHT_LIMIT": "1000000"}
            with Journal(tmp_path / "journal") as journal:
                what = watched(["binance:BTCUSDT,ETHUSDT"], ["book"], environ)
                collector = Collector(what, lake, journal, steady_clock(), IMPATIENT)
                stop = asyncio.Event()
                collecting = asyncio.create_task(collector.run(stop))
                await exchange.run(speed=20, seconds=2.5)
                stop.set()
                await collecting
        return rows(lake, "gaps", "binance", "BTCUSDT"), rows(lake, "gaps", "binance", "ETHUSDT")

    troubled, other = asyncio.run(collect())
    assert len(troubled) > 3
    assert [gap["reason"] for gap in other] == ["the collector was stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOf(Drop):
    """Drops every tenth depth update of one symbol."""

    symbol: str = ""

    def apply(self, item: Item, wire: Wire, my: Memory) -> list[Item]:
        if not isinstance(item.event, Depth) or item.event.symbol != self.symbol:
            return [item]
        my.chances += 1
        return [] if my.chances % 10 == 0 else [item]
