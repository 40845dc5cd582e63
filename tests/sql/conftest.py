"""One small tape in a lake and in a database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapeql.storage.lake import Lake
from tapeql.storage.snapshot import Snapshot
from tapeql.storage.store import Store
from tapeql.storage.stores import open_store
from tests import tapes
from tests.servers import PostgresServer


def fill(store: Store) -> None:
    """Two symbols of one morning: trades with a tie in time, quotes with a crossed and a one-sided one, candles."""
    tapes.fill(
        store,
        trades={
            "binance:BTCUSDT": tapes.ticks(
                [
                    ("2025-03-10T10:00:00", 100.0, 1.0, "buy"),
                    ("2025-03-10T10:00:00", 104.0, 2.0, "sell"),
                    ("2025-03-10T10:59:59.999999", 101.0, 1.0, "buy"),
                    ("2025-03-10T11:00:00", 102.0, 4.0, "buy"),
                    ("2025-03-10T13:30:00", 103.0, 1.0, "sell"),
                    ("2025-03-11T00:00:00", 99.0, 1.0, None),
                ],
                ("ts", "price", "quantity", "side"),
            ),
            "nyse:AAA": tapes.ticks(
                [
                    ("2025-03-10T12:00:00", 50.0, 10.0, "@ T"),
                    ("2025-03-10T13:30:00", 51.0, 100.0, "@O"),
                    ("2025-03-10T13:45:00", 60.0, 5.0, "@  I"),
                    ("2025-03-10T14:10:00", 52.0, 100.0, None),
                    ("2025-03-10T20:00:00", 52.5, 500.0, "@6"),
                    ("2025-03-10T20:00:01", 52.5, 500.0, "@M"),
                ],
                ("ts", "price", "quantity", "conditions"),
            ),
        },
        quotes={
            "binance:BTCUSDT": tapes.quotes(
                [
                    ("2025-03-10T09:30:00", 99.0, 101.0),
                    ("2025-03-10T10:30:00", 100.0, 101.0),
                    ("2025-03-10T10:45:00", 102.0, 101.0),
                    ("2025-03-10T11:30:00", 0.0, 101.0),
                    ("2025-03-10T11:45:00", 100.0, 100.0),
                ]
            )
        },
        candles={
            ("nyse:DDD", "1d"): tapes.candles(
                [
                    ("2025-03-07", 10.0, 12.0, 9.0, 11.0, 100.0),
                    ("2025-03-10", 11.0, 13.0, 10.0, 12.0, 200.0),
                    ("2025-03-11", 12.0, 14.0, 11.0, 13.0, 300.0),
                    ("2025-03-17", 13.0, 14.0, 12.0, 12.5, 400.0),
                ]
            )
        },
    )


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose name is a pattern, to see that it is not taken for one."""
    folder = tmp_path_factory.mktemp("sql") / "lake [1]*"
    fill(Lake(folder))
    return folder


@pytest.fixture(scope="session")
def in_lake(lake: Path) -> Snapshot:
    return Lake(lake).snapshot()


@pytest.fixture(scope="session")
def in_database(postgres_server: PostgresServer) -> Iterator[Snapshot]:
    store = open_store(postgres_server.create_database())
    fill(store)
    snapshot = store.snapshot()
    yield snapshot
    snapshot.close()  # type: ignore[attr-defined]
