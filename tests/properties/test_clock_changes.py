"""Bars when the clocks change: every instant in exactly one bucket, none missing, nothing counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

import tapeql
from tapeql.storage.stores import open_store
from tests import tapes
from tests.properties.stores import rows_of
from tests.servers import PostgresServer

CHANGES = {
    ("America/New_York", "forward"): "2025-03-09T07:00",
    ("America/New_York", "back"): "2025-11-02T06:00",
    ("Europe/London", "forward"): "2025-03-30T01:00",
    ("Europe/London", "back"): "2025-10-26T01:00",
    ("Australia/Lord_Howe", "forward"): "2025-10-04T15:30",  # by half an hour
    ("Australia/Lord_Howe", "back"): "2025-04-05T15:00",
    ("America/Santiago", "forward"): "2025-09-07T04:00",  # at midnight: that day begins at one
    ("America/Santiago", "back"): "2025-04-06T03:00",
}
INTERVALS = ("1m", "1h", "4h", "1d", "1w", "1mo")
DENSE, SPARSE = timedelta(hours=14), timedelta(days=40)


def moments(change: datetime) -> list[datetime]:
    """Every minute around the change, every half hour of the weeks around it."""
    dense = [change - DENSE + timedelta(minutes=n) for n in range(int(2 * DENSE.total_seconds() // 60))]
    sparse = [change - SPARSE + timedelta(minutes=30 * n) for n in range(int(2 * SPARSE.total_seconds() // 1800))]
    return sorted({*dense, *sparse})


@pytest.fixture(scope="module", params=["kernels", "sql", "postgres"])
def engine(
    request: pytest.FixtureRequest, postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tapeql.Database]:
    """A store with trades around every change, under one symbol each, on a venue that never closes and on a stock's."""
    is_lake = request.param != "postgres"
    where = str(tmp_path_factory.mktemp("clocks") / "lake") if is_lake else postgres_server.create_database()
    rows = {}
    for (zone, way), at in CHANGES.items():
        ticks = tapes.ticks(
            [(tapes.us(m.isoformat()), 1.0, 1.0) for m in moments(datetime.fromisoformat(at).replace(tzinfo=UTC))]
        )
        for venue in ("binance", "nyse"):
            rows[f"{venue}:{code_of(zone, way)}"] = ticks
    tapes.fill(open_store(where), trades=rows)
    with tapeql.connect(where, now="2026-06-01T00:00:00Z") as database:
        if request.param == "sql":
            database.query("SET engine = sql; SHOW symbols")
        yield database


def code_of(zone: str, way: str) -> str:
    return f"{Path(zone).name.upper()}.{way.upper()}"


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize(("zone", "way"), CHANGES)
def test_no_bucket_is_missing_or_doubled(engine: tapeql.Database, zone: str, way: str, interval: str) -> None:
    """Where there are trades in every bucket, each bar begins where the one before ended, and no volume is lost."""
    change = datetime.fromisoformat(CHANGES[zone, way]).replace(tzinfo=UTC)
    columns = "SELECT ts, ts_close, volume"
    rows = rows_of(
        engine.query(f"CANDLES {interval} FROM binance:{code_of(zone, way)} TZ {zone} KEEP partial {columns}")
    )
    assert sum(row[2] for row in rows) == len(moments(change))
    assert all(opens < closes for opens, closes, _ in rows)
    near = DENSE if interval == "1m" else SPARSE
    since, until = (tapes.us((change + sign * near).isoformat()) for sign in (-1, 1))
    inside = [row for row in rows if since <= row[0] < until]
    assert len(inside) >= 3
    assert all(before[1] == after[0] for before, after in pairwise(inside))


@pytest.mark.parametrize("interval", INTERVALS)
@pytest.mark.parametrize(("zone", "way"), [change for change in CHANGES if "New_York" in change[0]])
def test_sessions_lose_no_volume(engine: tapeql.Database, zone: str, way: str, interval: str) -> None:
    """Bars of a stock do not overlap; intraday ones hold every trade, those of days all of the regular hours."""
    symbol = f"nyse:{code_of(zone, way)}"
    rows = rows_of(engine.query(f"CANDLES {interval} FROM {symbol} KEEP partial SELECT ts, ts_close, volume"))
    ticks = rows_of(engine.query(f"TICKS FROM {symbol} {'SESSION regular' if interval[-1] in 'dwo' else ''} SELECT ts"))
    assert sum(row[2] for row in rows) == len(ticks)
    assert all(before[1] <= after[0] for before, after in pairwise(rows))
