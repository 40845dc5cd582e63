"""What a database adds to a feed: servers that go away, tables of an earlier version, writers at one time."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

import tapeql
from tapeql.errors import ConnectionFailed, StoreError
from tapeql.storage.postgres import PostgresStore
from tapeql.storage.schema import TABLES
from tests.storage import feeds
from tests.storage.feeds import everything, fed
from tests.storage.live_writer import ROWS, STEP_US
from tests.storage.test_live_lake import Feed

pytestmark = pytest.mark.postgres


def test_a_feed_outlives_its_connection(postgres_database: str) -> None:
    """When the server cuts the connection one append says so, the next goes through, and nothing is stored twice."""
    store = PostgresStore(postgres_database)
    with store.live() as writer:
        writer.append(fed(range(10)))
        assert store.last("ticks", "x", "A") is not None
        with psycopg.connect(postgres_database, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        with pytest.raises(ConnectionFailed):
            writer.append(fed(range(5, 20)))
        assert writer.append(fed(range(5, 20))).added == 10 * 6
        assert store.rows("ticks", "x", "A").num_rows == 20


def test_no_server_is_a_failed_connection(postgres: str) -> None:
    """Appending where no server listens is told without a trace of the password."""
    broken = postgres.replace("tapeql@", "tapeql:s3cret@").rsplit(":", 1)[0] + ":1/db"
    with PostgresStore(broken).live() as writer, pytest.raises(ConnectionFailed) as caught:
        writer.append(fed(range(3)))
    assert "s3cret" not in str(caught.value)


OLD = """
CREATE TABLE ticks (venue text COLLATE "C" NOT NULL, symbol text COLLATE "C" NOT NULL, ts timestamptz NOT NULL,
  seq bigint NOT NULL, price float8 NOT NULL, quantity float8 NOT NULL, side text, trade_id text, buyer_maker boolean,
  conditions text, PRIMARY KEY (venue, symbol, ts, seq));
CREATE TABLE quotes (venue text COLLATE "C" NOT NULL, symbol text COLLATE "C" NOT NULL, ts timestamptz NOT NULL,
  seq bigint NOT NULL, bid float8, bid_size float8, ask float8, ask_size float8, PRIMARY KEY (venue, symbol, ts, seq));
CREATE TABLE ohlcv (venue text COLLATE "C" NOT NULL, symbol text COLLATE "C" NOT NULL, interval text COLLATE "C" NOT NULL,
  ts timestamptz NOT NULL, seq bigint NOT NULL, open float8, high float8, low float8, close float8, volume float8,
  trades bigint, vwap float8, PRIMARY KEY (venue, symbol, interval, ts));
INSERT INTO ticks SELECT 'x', 'A', 'epoch'::timestamptz + (n / 2 * 2 * 250000 + 1741564800000000) * '1 us'::interval, n,
  100 + (n * 7919 % 41) / 4.0, (1 + n % 5) / 4.0, CASE WHEN n % 3 > 0 THEN 'buy' ELSE 'sell' END, n::text
  FROM generate_series(0, 19) n;
"""
"""The tables of an earlier version, and the first twenty trades of `feeds.trades` in them."""


@pytest.mark.parametrize("import_first", [True, False])
def test_an_old_database_is_read_and_fed(postgres_database: str, import_first: bool) -> None:
    """Before anything is written it is read as it is; the first writer adds what is missing, and known rows are known."""
    with psycopg.connect(postgres_database) as connection:
        connection.execute(OLD)
    store = PostgresStore(postgres_database)
    before = store.rows("ticks", "x", "A")
    newer = ["recv_ts", "market"]
    assert before.drop_columns(newer).equals(feeds.trades(range(20)).drop_columns(newer))
    with store.snapshot() as snapshot:
        assert snapshot.symbols() == [("x", "A")]
        assert everything(snapshot, ["A"])["ticks", "A"].equals(before)
        assert (store.last("gaps", "x", "A"), snapshot.parts("book", "x", "A")) == (None, [])
    with tapeql.connect(postgres_database, now="2025-03-12") as db:
        assert db.query("TICKS FROM x:A").num_rows == 20
    if import_first:
        assert store.write("ticks", "x", "A", feeds.trades(range(10, 25))).added == 5
    with store.live() as writer:
        commit = writer.append({**fed(range(10, 30), ["A"]), ("gaps", "x", "A"): feeds.gaps(("g", 1))})
        assert commit.added == 2 * 20 + 1 + (5 if import_first else 10)
    assert store.rows("ticks", "x", "A").slice(0, 10).equals(before.slice(0, 10))
    assert store.rows("ticks", "x", "A").num_rows == 30


def test_an_open_snapshot_holds_up_no_writer(postgres_database: str) -> None:
    """Nothing is altered where nothing is missing: a reader that keeps its snapshot never blocks a feed or an import."""
    store = PostgresStore(postgres_database, lock_wait_s=5)
    store.write("ticks", "x", "A", feeds.trades(range(10)))
    with store.snapshot() as snapshot:
        assert everything(snapshot, ["A"])["ticks", "A"].num_rows == 10
        assert store.write("ticks", "x", "A", feeds.trades(range(20))).added == 10
        with store.live() as writer:
            assert writer.append(fed(range(30), ["A"])).added == 10 + 60
        assert everything(snapshot, ["A"])["ticks", "A"].num_rows == 10


def test_feeds_and_imports_at_one_time_all_arrive(postgres_database: str) -> None:
    """Two feeds and an import of the same rows, each in its own steps, end with every row once."""
    failed: list[BaseException] = []

    def run(action: int) -> None:
        try:
            store = PostgresStore(postgres_database)
            with store.live() as writer:
                for start in range(0, 400, (50, 40, 100)[action]):
                    ids = range(start, start + 110)
                    if action < 2:
                        writer.append(fed(ids))
                    else:
                        for code in "AB":
                            store.write("ticks", "x", code, feeds.trades(ids))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with PostgresStore(postgres_database).snapshot() as snapshot:
        found = everything(snapshot)
    for code in "AB":
        end = found["ticks", code].num_rows
        assert found["ticks", code].equals(feeds.trades(range(end)))
        assert found["quotes", code].num_rows == found["book", code].num_rows >= 460


def test_a_killed_feed_loses_nothing_it_acknowledged(postgres_database: str, tmp_path: Path) -> None:
    """After SIGKILL every acknowledged append is there, and every append whole."""
    feed = Feed(postgres_database, 0)
    for _ in range(5):
        feed.wait_for("done")
    feed.kill()
    with PostgresStore(postgres_database).snapshot() as snapshot:
        found = everything(snapshot)
    appends = found["ticks", "A"].num_rows // ROWS
    assert appends > max(feed.acknowledged)
    for code in "AB":
        assert found["ticks", code].equals(feeds.trades(range(appends * ROWS), step_us=STEP_US))
        assert found["book", code].equals(feeds.book(range(appends * ROWS), step_us=STEP_US))


def test_a_failed_append_leaves_nothing(postgres_database: str) -> None:
    """What one table refuses is in none."""
    store = PostgresStore(postgres_database)
    with store.live() as writer:
        writer.append(fed(range(3)))
        with psycopg.connect(postgres_database) as connection:
            connection.execute("ALTER TABLE quotes ADD CHECK (update_id < 100)")
        with pytest.raises(StoreError, match="check"):
            writer.append(fed(range(90, 110)))
        assert store.rows("ticks", "x", "A").num_rows == 3
        assert writer.append(fed(range(3, 9))).added == 36


def test_every_kind_of_column_has_a_type_of_the_database() -> None:
    """A new table needs no word in the code of the database."""
    from tapeql.storage.postgres_tables import KINDS

    assert {field.type for table in TABLES.values() for field in table.schema} <= set(KINDS)
    assert pa.list_(pa.float64()) in KINDS
