"""The engines around the SQL: cancelling, streaming, the same bits twice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tapeql.cancel import Cancel, watched
from tapeql.errors import Cancelled
from tapeql.kernels.context import Context
from tapeql.run import duckdb, postgres
from tapeql.storage.lake import Lake
from tapeql.storage.snapshot import Snapshot
from tests import tapes
from tests.sql.asking import NOW_US, context, plan_of, rows_of

HEAVY = "TICKS FROM binance:BTCUSDT ADD median(price) OVER ALL AS m, avg(price) OVER 3d AS a ORDER BY price - m"


class Countdown(Cancel):
    """Is cancelled a moment after it was made."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._at = time.monotonic() + seconds

    @property
    def cancelled(self) -> bool:
        return time.monotonic() > self._at

    def check(self) -> None:
        if self.cancelled:
            raise Cancelled("the query was stopped before its end")


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    lake = Lake(tmp_path_factory.mktemp("busy"))
    tapes.fill(lake, trades={"binance:BTCUSDT": tapes.random_ticks("2025-03-10", 86_400, 400_000)})
    return lake.snapshot()


def test_duckdb_stops_when_asked(busy: Snapshot) -> None:
    """A cancelled query ends soon, in the middle of its work."""
    plan = plan_of(HEAVY, busy)
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        list(duckdb.execute(plan, Context(busy, plan.asked.now_us, Countdown(0.2))))
    assert time.monotonic() - begun < 2


def asleep(cursor: Any) -> None:
    cursor.execute("SELECT pg_sleep(20)")
    cursor.fetchall()


def test_postgres_stops_when_asked(in_database: Snapshot) -> None:
    """Cancelling reaches the server, which stops sleeping."""
    with in_database.connect() as connection, connection.cursor() as cursor:  # type: ignore[attr-defined]
        begun = time.monotonic()
        with pytest.raises(Exception, match="cancel"), watched(cursor.adbc_cancel, Countdown(0.2)):
            asleep(cursor)
        assert time.monotonic() - begun < 3


def test_one_snapshot_gives_the_same_bits(busy: Snapshot) -> None:
    """Sums are made in one order, so answers repeat to the last bit."""
    plan = plan_of("CANDLES 5m FROM binance:BTCUSDT ADD stddev(close, 7), vwap / 3", busy)
    first, second = (
        pa.Table.from_batches(duckdb.execute(plan, Context(busy, plan.asked.now_us, Cancel()))) for _ in range(2)
    )
    assert first.equals(second)


def test_results_stream(busy: Snapshot) -> None:
    """The first batch comes without the rest, and leaving early leaves nothing behind."""
    batches = duckdb.execute(plan_of("TICKS FROM binance:BTCUSDT", busy), Context(busy, NOW_US, Cancel()))
    assert 0 < next(batches).num_rows <= 65_536
    batches.close()  # type: ignore[attr-defined]


def test_what_cannot_be_said_runs_in_kernels(in_database: Snapshot, in_lake: Snapshot) -> None:
    """A condition on trades that Postgres has no words for is read and filtered by us."""
    text = "CANDLES 1h FROM binance:BTCUSDT TICKS WHERE mod(price, 2) = 0 ADD mod(high, 3) AS r"
    plan, shared = plan_of(text, in_database), context(in_database)
    found = rows_of(plan, postgres.execute(plan, shared))
    plan = plan_of(text, in_lake)
    assert found == rows_of(plan, duckdb.execute(plan, Context(in_lake, plan.asked.now_us, Cancel())))
    assert [row["r"] for row in found] == [2.0, 0.0]


def test_nothing_stored_in_the_range_is_no_rows(in_lake: Snapshot, in_database: Snapshot) -> None:
    """An empty range has the schema and no rows."""
    text = "CANDLES 1h FROM binance:BTCUSDT DURING 2024-01-01 ADD spread, premarket.high, sma(3), rsi(3)"
    plan = plan_of(text, in_lake)
    assert rows_of(plan, duckdb.execute(plan, Context(in_lake, plan.asked.now_us, Cancel()))) == []
    plan = plan_of(text, in_database)
    assert rows_of(plan, postgres.execute(plan, Context(in_database, NOW_US, Cancel()))) == []


def test_a_broken_file_is_a_store_error(tmp_path: Path) -> None:
    """What DuckDB cannot read is told as trouble with the store."""
    from tapeql.errors import StoreError

    lake = Lake(tmp_path / "lake")
    tapes.fill(lake, trades={"binance:BTCUSDT": tapes.random_ticks("2025-03-10", 60, 10)})
    snapshot = lake.snapshot()
    plan = plan_of("CANDLES 1m FROM binance:BTCUSDT", snapshot)
    next((tmp_path / "lake" / "ticks").rglob("*.parquet")).write_bytes(b"not parquet")
    with pytest.raises(StoreError):
        list(duckdb.execute(plan, Context(snapshot, plan.asked.now_us, Cancel())))
