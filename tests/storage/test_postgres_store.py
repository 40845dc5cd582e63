"""The database holds what the lake holds, by the same rules."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tapeql.errors import ConnectionFailed, StoreError
from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake
from tapeql.storage.postgres import PostgresStore
from tapeql.storage.schema import TABLES
from tapeql.storage.snapshot import Snapshot
from tapeql.storage.stores import open_store
from tests import tapes
from tests.servers import with_password

pytestmark = pytest.mark.postgres


def everything(snapshot: Snapshot) -> dict[tuple[str, ...], pa.Table]:
    """All rows of all series."""
    found: dict[tuple[str, ...], pa.Table] = {}
    for venue, code in snapshot.symbols():
        for table in TABLES.values():
            for interval in snapshot.intervals(venue, code) if table.name == "ohlcv" else [""]:
                batches = snapshot.scan(table.name, venue, code, -(2**62), 2**62, table.schema.names, interval)
                found[table.name, venue, code, interval] = pa.Table.from_batches(batches, table.schema)
    return found


def test_the_database_holds_what_the_lake_holds(postgres_database: str, tmp_path: Path) -> None:
    """The same imports give the same rows, parts, symbols and counts in both stores, ids and overlaps included."""
    lake, database = Lake(tmp_path), PostgresStore(postgres_database)
    trades = tapes.random_ticks("2025-03-09T20:00", 40_000, 800)
    with_ids = trades.append_column("trade_id", pa.array([str(n) if n % 7 else f"x{n}" for n in range(800)]))
    odd = tapes.ticks(
        [("1969-12-31T23:59:59.999999", 1.0, 1.0, 'a,"b"\n', "")], ("ts", "price", "quantity", "conditions", "trade_id")
    )
    candles = tapes.random_candles("2024-12-31", 3600, 50)
    for _ in range(2):
        for table, symbol, rows, interval in (
            ("ticks", "x:BTC/USD", trades.slice(300), ""),
            ("ticks", "x:BTC/USD", trades.slice(0, 500), ""),
            ("ticks", "x:IDS", with_ids, ""),
            ("ticks", "é:..", odd, ""),
            ("quotes", "x:BTC/USD", tapes.random_quotes("2025-03-09T20:00", 40_000, 500), ""),
            ("ohlcv", "x:BTC/USD", candles, "60m"),
            ("ohlcv", "x:BTC/USD", candles.set_column(5, "volume", pa.array([1.5] * 50)).slice(0, 10), "1h"),
        ):
            venue, code = symbol.split(":")
            one, other = (store.write(table, venue, code, rows, interval) for store in (lake, database))
            assert (one.added, one.present, one.replaced) == (other.added, other.present, other.replaced)
    ours, snapshot = lake.snapshot(), database.snapshot()
    assert snapshot.symbols() == ours.symbols()
    assert everything(snapshot) == everything(ours)
    for table, venue, code, interval in everything(ours):
        ours_parts, theirs = (
            [(p.min_us, p.max_us, p.rows) for p in s.parts(table, venue, code, interval)] for s in (ours, snapshot)
        )
        assert ours_parts == theirs
    snapshot.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_overlaps_merge_alike(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, one: list[int], two: list[int]
) -> None:
    """Any two overlapping sources of one instant end in the same order in both stores."""
    import uuid

    lake, database = Lake(tmp_path_factory.mktemp("lake")), PostgresStore(postgres)
    code = uuid.uuid4().hex
    for source in (one, two):
        for store in (lake, database):
            store.write("ticks", "x", code, tapes.ticks([("2025-03-10", 1.0 + price, 1.0) for price in source]))
    with database.snapshot() as snapshot:
        found = pa.Table.from_batches(snapshot.scan("ticks", "x", code, 0, 2**62, ["ts", "seq", "price"]))
    assert found == pa.Table.from_batches(lake.snapshot().scan("ticks", "x", code, 0, 2**62, ["ts", "seq", "price"]))


def test_a_snapshot_does_not_move(postgres_database: str) -> None:
    """Rows written later are not in an earlier snapshot, on none of its connections."""
    store = PostgresStore(postgres_database)
    store.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 20))
    with store.snapshot() as old:
        before = everything(old)
        store.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 20, 1))
        store.write("ticks", "x", "B", tapes.random_ticks("2025-03-10", 3600, 20, 1))
        assert everything(old) == before
        assert [part.rows for part in old.parts("ticks", "x", "A")] == [20]
        with old.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM ticks WHERE venue = $1", ("x",))
            assert cursor.fetchone() == (20,)
    with store.snapshot() as new:
        assert new.id != old.id
        assert new.symbols() == [("x", "A"), ("x", "B")]


def test_a_range_is_half_open(postgres_database: str) -> None:
    """A scan holds its start and not its end, skips empty days, and gives columns as asked."""
    store = PostgresStore(postgres_database)
    moments = ["2025-03-10", "2025-03-10T12:00", "2025-05-01", "2025-05-02"]
    store.write("ticks", "x", "A", tapes.ticks([(moment, 1.0 + n, 1.0) for n, moment in enumerate(moments)]))
    with store.snapshot() as snapshot:
        range_us = tapes.us("2025-03-10T12:00"), tapes.us("2025-05-02")
        batches = list(snapshot.scan("ticks", "x", "A", *range_us, ["price", "ts"]))
        assert [batch.to_pydict()["price"] for batch in batches] == [[2.0], [3.0]]
        assert batches[0].schema.names == ["price", "ts"]
        assert list(snapshot.scan("ticks", "x", "A", 0, 0, ["price"])) == []
        assert list(snapshot.scan("ticks", "x", "nothing", 0, 2**62, ["price"])) == []


def test_nothing_is_created_by_looking(postgres_database: str) -> None:
    """Reading a database without our tables is an error that says how to import, and makes none."""
    for _ in range(2):
        with pytest.raises(StoreError, match=r"import trades FILE --symbol"):
            PostgresStore(postgres_database).snapshot()


def test_a_transaction_is_all_or_nothing(postgres_database: str) -> None:
    """A failure half-way through a commit leaves nothing of it."""
    import psycopg

    store = PostgresStore(postgres_database)
    store.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 20))
    with psycopg.connect(postgres_database) as connection:
        connection.execute("ALTER TABLE quotes ADD CHECK (bid < 0)")
    with pytest.raises(StoreError, match="check"):
        tapes.fill(
            store,
            trades={"x:B": tapes.random_ticks("2025-03-10", 3600, 20)},
            quotes={"x:A": tapes.random_quotes("2025-03-10", 3600, 20)},
        )
    with store.snapshot() as snapshot:
        assert snapshot.symbols() == [("x", "A")]


def test_writers_at_one_time_all_arrive(postgres_database: str) -> None:
    """Writers that start together, on an empty database, take turns."""

    def write(number: int) -> None:
        store = PostgresStore(postgres_database)
        for n in range(3):
            store.write("ticks", "x", "A", tapes.ticks([("2025-03-10", 1.0 + number * 10 + n, 1.0)]))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with PostgresStore(postgres_database).snapshot() as snapshot:
        assert everything(snapshot)["ticks", "x", "A", ""]["seq"].to_pylist() == list(range(12))


def test_a_writer_waits_only_so_long(postgres_database: str) -> None:
    """A second writer gives up after its time with a message."""
    import psycopg

    from tapeql.storage.postgres_places import LOCK

    with psycopg.connect(postgres_database) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        store = PostgresStore(postgres_database, lock_wait_s=0.1)
        with pytest.raises(StoreError, match="being written by someone else"):
            store.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 3))


def test_no_message_tells_a_password(postgres: str) -> None:
    """Names, errors and representations carry no password, whatever goes wrong."""
    url = with_password(postgres, "s3cr%40t")
    for broken in (
        url.replace("127.0.0.1", "nowhere.invalid"),
        url.rsplit(":", 1)[0] + ":1/db",
        url.rsplit("/", 1)[0] + "/absent",
        url + "?password=s3cr%40t&nonsense=1",
    ):
        store = open_store(broken)
        for action in (
            store.snapshot,
            lambda store=store: store.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 9, 3)),
        ):
            with pytest.raises((ConnectionFailed, StoreError)) as caught:
                action()
            told = f"{caught.value} {caught.value!r} {store!r} {store.name} {caught.value.__cause__}"
            assert "s3cr" not in told


def test_files_go_into_either_store(postgres_database: str, tmp_path: Path) -> None:
    """The same import takes a database's URL where it takes a path."""
    path = tmp_path / "a.csv"
    path.write_text("ts,price,quantity\n1741615200,1,1\n1741615201,2,1\n")
    for location in (postgres_database, str(tmp_path / "lake")):
        assert import_files(open_store(location), [path], "x:A", "trades").added == 2
        assert import_files(open_store(location), [path], "x:A", "trades").present == 2
