"""What a collector lives through: its own death, and its database's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapeql.collect.bus import open_bus
from tapeql.collect.bus.contract import Message
from tapeql.collect.bus.publisher import Publisher
from tapeql.collect.clock import steady_clock
from tapeql.collect.collector import Collector
from tapeql.collect.journal import Journal
from tapeql.collect.recorder import decode
from tapeql.collect.streams import split, stream_of
from tapeql.collect.watched import watched
from tapeql.connectors.events import KINDS, Trade
from tapeql.storage.lake import Lake
from tests.collect import kill
from tests.collect.account import rows
from tests.collect.outage import away
from tests.collect.storm import IMPATIENT, MUCH
from tests.exchange.binance import Binance, Weights
from tests.exchange.generator import Generated
from tests.exchange.market import Market
from tests.exchange.server import Exchange
from tests.servers import PostgresServer, RedisServer


@pytest.fixture
def own_server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """The session's server, running again afterwards."""
    yield postgres_server
    # The kernel ends it with the thread that started it, and that one has gone.
    postgres_server.stop()
    assert postgres_server.start()


def test_kills_lose_nothing_in_silence(tmp_path: Path) -> None:
    """Killed at random moments under load, started again: trades once, quotes and book updates stored or declared."""
    for each in asyncio.run(kill.killed(3, tmp_path, str(tmp_path / "lake"))):
        assert each.ok, each
        assert each.trades_made > 5


@pytest.mark.postgres
def test_kills_over_a_database(tmp_path: Path, postgres_database: str) -> None:
    """The same where the store is a database."""
    for each in asyncio.run(kill.killed(2, tmp_path, postgres_database, seed=2)):
        assert each.ok, each


def test_without_what_a_restart_declares_kills_lose_trades(tmp_path: Path) -> None:
    """Control arm: a collector that forgets where its tape ended has holes nobody declared."""
    forgetful = (
        "from tapeql.collect.collector import Collector; Collector._restore = lambda self: None; "
        "from tapeql.shell.cli import main; import sys; sys.exit(main())"
    )
    accounts = asyncio.run(kill.killed(3, tmp_path, str(tmp_path / "lake"), program=("-c", forgetful)))
    assert any(each.trades.lost for each in accounts)
    assert any(each.undeclared_quotes for each in accounts)


@pytest.mark.postgres
def test_a_database_may_go_away(tmp_path: Path, own_server: PostgresServer) -> None:
    """What came meanwhile is in the journal, and in the database once it is back."""
    accounts, failures = asyncio.run(away(own_server, own_server.create_database(), tmp_path, 2.0))
    assert failures > 0, "the database was never missed"
    for each in accounts:
        assert each.ok, each
        assert each.trades_made > 30


def test_a_bus_may_lose_its_memory(tmp_path: Path, redis_server: RedisServer) -> None:
    """Redis restarted under load, empty: who follows the bus hears of every stored trade exactly once, in order."""

    async def collect() -> tuple[list[int], list[int]]:
        market = Market([Generated("BTCUSDT", seed=1, orders_per_s=100, trades_per_s=40)])
        lake, heard = Lake(tmp_path / "lake"), list[int]()
        async with Exchange(market, Binance(weights=Weights(MUCH))) as exchange:
            environ = exchange.environ() | {"TAPEQL_BINANCE_WEIGHT_LIMIT": str(MUCH)}
            with Journal(tmp_path / "journal") as journal:
                what = watched(["binance:BTCUSDT"], KINDS, environ)
                collector = Collector(what, lake, journal, steady_clock(), IMPATIENT)
                bus, reader = open_bus(redis_server.url), open_bus(redis_server.url)

                async def follow() -> None:
                    async for message in reader.subscribe([stream_of("binance", "BTCUSDT")], after=0):
                        assert isinstance(message, Message)
                        heard.extend(e.seq for e in decode(message.payload) if isinstance(e, Trade))

                stop = asyncio.Event()
                publishing = asyncio.create_task(Publisher(journal, bus, "bus", split).run())
                following = asyncio.create_task(follow())
                collecting = asyncio.create_task(collector.run(stop))
                exchange.start(speed=3)
                for _ in range(2):
                    await asyncio.sleep(1)
                    await asyncio.to_thread(redis_server.stop)
                    await asyncio.sleep(0.5)
                    assert await asyncio.to_thread(redis_server.start)
                await asyncio.sleep(1)
                await exchange.stop()
                stop.set()
                assert await collecting
                stored = [row["seq"] for row in rows(lake, "ticks", "binance", "BTCUSDT")]
                for _ in range(200):
                    if len(heard) >= len(stored):
                        break
                    await asyncio.sleep(0.05)
                for task in (publishing, following):
                    task.cancel()
                await asyncio.gather(publishing, following, return_exceptions=True)
                await bus.close()
                await reader.close()
        return heard, stored

    heard, stored = asyncio.run(collect())
    assert len(stored) > 100
    assert heard == stored
