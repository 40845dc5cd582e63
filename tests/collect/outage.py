"""A database that goes away under load and comes back: the journal keeps the tape meanwhile.

python -m tests.collect.outage --seconds 60
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tapeql.collect.clock import steady_clock
from tapeql.collect.collector import Collector
from tapeql.collect.journal import Journal
from tapeql.collect.status import status
from tapeql.collect.watched import watched
from tapeql.connectors.events import KINDS
from tapeql.storage.stores import open_store
from tests.collect.account import Account, account
from tests.collect.storm import IMPATIENT, MUCH, settled
from tests.exchange.binance import Binance, Weights
from tests.exchange.generator import Generated
from tests.exchange.market import Market
from tests.exchange.server import Exchange
from tests.servers import PostgresServer, postgres_binaries


async def away(server: PostgresServer, url: str, folder: Path, seconds: float) -> tuple[list[Account], int]:
    """The accounts, and how often the collector failed to write meanwhile."""
    market = Market([Generated("BTCUSDT", seed=1, orders_per_s=100, trades_per_s=20), Generated("ETHUSDT", seed=2)])
    store = open_store(url)
    async with Exchange(market, Binance(weights=Weights(MUCH))) as exchange:
        environ = exchange.environ() | {"TAPEQL_BINANCE_WEIGHT_LIMIT": str(MUCH)}
        with Journal(folder / "journal") as journal:
            collector = Collector(
                watched(["binance:BTCUSDT,ETHUSDT"], KINDS, environ), store, journal, steady_clock(), IMPATIENT
            )
            stop = asyncio.Event()
            collecting = asyncio.create_task(collector.run(stop))
            exchange.start(speed=2)
            await asyncio.sleep(2)
            await asyncio.to_thread(server.stop)
            await asyncio.sleep(seconds)
            assert await asyncio.to_thread(server.start)
            await asyncio.sleep(1)
            await exchange.stop()
            await exchange.quiesce()
            assert await settled(collector, exchange, 30), status(collector)
            stop.set()
            assert await asyncio.wait_for(collecting, 60), "not everything was stored"
    store = open_store(url)
    accounts = [account(store, "binance", symbol, tape, every_quote=True) for symbol, tape in market.tapes.items()]
    return accounts, collector.counts.store_failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    binaries = postgres_binaries()
    assert binaries is not None, "no PostgreSQL server is installed"
    with (
        tempfile.TemporaryDirectory(prefix="tapeql-outage-") as folder,
        PostgresServer(binaries, Path(folder) / "postgres") as server,
    ):
        accounts, failures = asyncio.run(away(server, server.create_database(), Path(folder), options.seconds))
    for each in accounts:
        print(each)
    ok = all(each.ok for each in accounts)
    print(
        f"Postgres away for {options.seconds:g} s, {failures} failed writes: {'all accounted for' if ok else 'FAILED'}"
    )
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
