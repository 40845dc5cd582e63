"""What a collector lives through: its own death, and its database's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collect import kill
from tests.collect.outage import away
from tests.servers import PostgresServer


@pytest.fixture
def own_server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """The session's server, running again afterwards."""
    yield postgres_server
    if postgres_server.stopped:
        postgres_server.start()


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
