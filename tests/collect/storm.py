"""A collector in a storm: a simulated exchange with a seeded plan of faults, and an account of what the store holds.

    python -m tests.collect.storm --runs 500 [--seed 1] [--at-once 6] [--venue binanceusdm] [--unguarded NAME]

Afterwards the store must hold each trade once, or declare exactly the ones it lacks; every book rebuilt from it must be
the exchange's. A seed names the whole run; a failing one is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tapeql.collect.clock import steady_clock
from tapeql.collect.collector import Collector
from tapeql.collect.journal import Journal
from tapeql.collect.status import status
from tapeql.collect.timing import Timing
from tapeql.collect.watched import watched
from tapeql.connectors.book import Book
from tapeql.connectors.events import KINDS
from tapeql.storage.lake import Lake
from tapeql.storage.store import Store
from tests.collect.account import Account, account
from tests.exchange.binance import Binance, Weights
from tests.exchange.coinbase import Coinbase, CoinbaseExchange
from tests.exchange.faults import Plan
from tests.exchange.generator import Generated
from tests.exchange.kraken import Kraken
from tests.exchange.market import Market
from tests.exchange.server import Exchange

IMPATIENT = Timing(
    backoff_first_s=0.05,
    backoff_most_s=0.5,
    settled_s=1.0,
    renew_again_s=0.3,
    overlap_s=1.5,
    linger_s=0.1,
    silence_s=0.8,
    doubt_s=0.25,
    reorder_s=0.05,
    flush_s=0.002,
    store_s=0.1,
    fill_tries=8,
)
"""The product's waits, scaled to a storm of seconds."""

SPELLED = {"coinbase": "{}-USD", "coinbaseexchange": "{}-USD", "kraken": "{}/USD"}
KRAKEN_STEPS: dict[str, Any] = {"price_step": "0.1", "quantity_step": "0.00000001", "price": "61800.0"}
EXCHANGES: dict[str, Callable[[], Any]] = {
    "binance": lambda: Binance(weights=Weights(MUCH)),
    "binanceusdm": lambda: Binance(futures=True, weights=Weights(MUCH)),
    "coinbase": Coinbase,
    "coinbaseexchange": CoinbaseExchange,
    "kraken": Kraken,
}

MUCH = 1_000_000
"""A weight limit that a storm squeezed into seconds does not reach."""

STORM_S = 2.0
STORM_EVENTS = 2_000
CALM_S = 30.0


@dataclass(slots=True)
class Run:
    """What a storm did and what came of it."""

    seed: int
    plan: str
    faults: Counter[str] = field(default_factory=Counter)
    accounts: list[Account] = field(default_factory=list)
    books: list[str] = field(default_factory=list)
    """Where the collector's own book was not the exchange's at the end."""
    calm: bool = False
    error: str = ""

    @property
    def ok(self) -> bool:
        return self.calm and not self.error and not self.books and all(each.ok for each in self.accounts)


async def storm(
    seed: int,
    folder: Path,
    *,
    venue: str = "binance",
    intensity: float = 1.0,
    store: Store | None = None,
    calm_s: float = CALM_S,
) -> Run:
    """One run: storm, calm, stop, account."""
    plan = Plan.random(seed, intensity)
    run = Run(seed, repr(plan))
    spelled = SPELLED.get(venue, "{}USDT")
    steps = KRAKEN_STEPS if venue == "kraken" else {}
    sources = [
        Generated(
            spelled.format(base),
            seed=seed,
            orders_per_s=orders,
            trades_per_s=trades,
            futures=venue == "binanceusdm",
            **steps,
        )
        for base, orders, trades in (("BTC", 40, 8), ("ETH", 10, 2), ("NKN", 1, 0.2))
    ]
    market = Market(sources, seed=seed)
    lake = store or Lake(folder / "lake")
    async with Exchange(market, EXCHANGES[venue](), plan=plan) as exchange:
        paces = {f"TAPEQL_{venue.upper()}_WEIGHT_LIMIT": str(MUCH), f"TAPEQL_{venue.upper()}_REQUESTS_PER_S": "1000"}
        what = watched([f"{venue}:{','.join(market.tapes)}"], KINDS, exchange.environ() | paces)
        with Journal(folder / "journal") as journal:
            collector = Collector(what, lake, journal, steady_clock(), IMPATIENT)
            stop = asyncio.Event()
            collecting = asyncio.create_task(collector.run(stop))
            while not exchange.sockets and not collecting.done():
                await asyncio.sleep(0.01)
            # A busy machine gets its storm too.
            for _ in range(10):
                await exchange.run(speed=25, seconds=STORM_S)
                if len(exchange.ledger.events) > STORM_EVENTS:
                    break
            await exchange.quiesce()
            run.calm = await settled(collector, exchange, calm_s)
            run.books = [
                f"{symbol}: {found}"
                for (_, symbol), feed in collector.feeds.items()
                if run.calm and (found := _differences(feed.books.book, market.tapes[symbol].live))
            ]
            if not run.calm:
                run.error = str(status(collector))
            stop.set()
            try:
                await asyncio.wait_for(collecting, 60)
            except Exception:
                run.error = traceback.format_exc()
    run.faults = Counter(injected.fault for injected in exchange.ledger.injected)
    numbered = venue.startswith("binance")
    run.accounts = [account(lake, venue, symbol, tape, numbered=numbered) for symbol, tape in market.tapes.items()]
    counted = collector.counts.of(venue).gaps_declared.total()
    stored = sum(lake.rows("gaps", venue, symbol).num_rows for symbol in market.tapes)
    if counted != stored:
        run.error += f"{counted} gaps counted, {stored} stored"
    return run


async def settled(collector: Collector, exchange: Exchange, calm_s: float) -> bool:
    """Whether everything that can be known again is known again, in time. The market goes on, as markets do."""
    deadline_s = time.monotonic() + calm_s
    while time.monotonic() < deadline_s:
        await asyncio.sleep(0.1)
        if all(_well(feed, exchange.market.tapes[symbol]) for (_, symbol), feed in collector.feeds.items()):
            return True
        await exchange.step(3)
        await exchange.quiesce()
    return False


def _differences(mine: Book, theirs: Any) -> list[str]:
    """Levels of our book that are not the exchange's, as deep as both go."""
    found = []
    for name, side, levels in (("bid", mine.bids, theirs.bids), ("ask", mine.asks, theirs.asks)):
        known = sorted(((float(p), float(q)) for p, q in levels.items()), reverse=name == "bid")[:10]
        found += [
            f"{name} {ours} is {level}" for ours, level in zip(side.top(10), known, strict=False) if ours != level
        ]
    return found


def _well(feed: Any, tape: Any) -> bool:
    numbered = feed.venue.name.startswith("binance")
    return bool(
        all(feed.carriers.values())
        and not feed.trades.missing()
        and (not tape.trades or feed.trades.next in (None, tape.trades[-1].trade_id + 1))
        and (
            "book" not in feed.kinds
            or not tape.depths
            or (feed.books.known and (not numbered or feed.books.last_id >= tape.depths[-1].last_id))
        )
    )


async def storms(seeds: Sequence[int], at_once: int, venue: str) -> list[Run]:
    turns = asyncio.Semaphore(at_once)
    root = Path(tempfile.mkdtemp(prefix="tapeql-storm-"))

    async def one(seed: int) -> Run:
        async with turns:
            folder = root / str(seed)
            run = await storm(seed, folder, venue=venue)
            if run.ok:
                shutil.rmtree(folder, ignore_errors=True)
            else:
                told(run, folder)
            return run

    runs = await asyncio.gather(*(one(seed) for seed in seeds))
    with contextlib.suppress(OSError):
        root.rmdir()
    return runs


def told(run: Run, folder: Path) -> None:
    print(f"seed {run.seed} FAILED, kept in {folder}\n  {run.plan}\n  calm: {run.calm} {run.error} {run.books}")
    for each in run.accounts:
        print(f"  {each}")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=6)
    parser.add_argument("--venue", choices=EXCHANGES, default="binance")
    options = parser.parse_args()
    import logging

    logging.getLogger("tapeql").setLevel(logging.ERROR)
    began_s = time.monotonic()
    runs = asyncio.run(storms(range(options.seed, options.seed + options.runs), options.at_once, options.venue))
    faults = sum((run.faults for run in runs), Counter[str]())
    trades = sum(each.trades_made for run in runs for each in run.accounts)
    declared = sum(len(each.trades.declared) for run in runs for each in run.accounts)
    failed = [run.seed for run in runs if not run.ok]
    print(f"{len(runs)} runs in {time.monotonic() - began_s:.0f} s, {len(failed)} failed: {failed}")
    print(f"{trades:,} trades made, {declared:,} declared missing, {sum(faults.values()):,} faults: {dict(faults)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
