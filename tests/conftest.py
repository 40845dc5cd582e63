"""What tests of every room may ask for: the recorded data, a real Postgres server, a lake with rows."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from tapeql.storage.lake import Lake
from tests import tapes
from tests.servers import PostgresServer, RedisServer, postgres_binaries

# Time is measured elsewhere; a machine that is busy must not fail a property. The default run asks the same every time;
# `python -m tests.explore` looks further.
settings.register_profile("tapeql", deadline=None, print_blob=True, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("TAPEQL_TESTS", "tapeql"))

# A shell starts what runs in its background with Ctrl-C ignored, which this process and its children would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)


def _absent(what: str) -> NoReturn:
    """Without it a test proves nothing: a skip with its reason at home, a failure in CI."""
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{what} (needed in CI)", pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded market data: TAPEQL_SHARED_DATA, else `../shared/data` beside the checkout."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TAPEQL_SHARED_DATA") or default)
    if not (folder / "README.md").is_file():
        _absent(f"no recorded market data at {folder}")
    return folder


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A real Postgres on a free loopback port, one for each test worker, stopped at the end."""
    binaries = postgres_binaries()
    if binaries is None:
        _absent("no PostgreSQL server is installed")
    with PostgresServer(binaries, tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(postgres_server: PostgresServer) -> str:
    """The URL of a database shared by the session: postgresql://tapeql@127.0.0.1:PORT/postgres"""
    return postgres_server.url("postgres")


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> str:
    """The URL of a new, empty database of this test's own."""
    return postgres_server.create_database()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A real Redis of this test's own on a free loopback port, which the test may stop and start again."""
    program = shutil.which("redis-server")
    if program is None:
        _absent("no redis-server is installed")
    with RedisServer(program, tmp_path) as server:
        yield server


MakeLake = Callable[..., Lake]


@pytest.fixture
def make_lake(tmp_path: Path) -> MakeLake:
    """`make_lake(trades={"binance:BTCUSDT": table}, quotes={…}, candles={("nyse:SPY", "1m"): table}) -> Lake`."""
    counter = iter(range(1000))

    def make(
        trades: tapes.BySymbol | None = None,
        quotes: tapes.BySymbol | None = None,
        candles: tapes.BySymbolAndInterval | None = None,
    ) -> Lake:
        lake = Lake(tmp_path / f"lake-{next(counter)}")
        tapes.fill(lake, trades=trades, quotes=quotes, candles=candles)
        return lake

    return make
