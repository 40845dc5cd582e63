"""A database behind the same doors."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

import tapeql
from tapeql.shell.demo_tape import NOW, tapes
from tapeql.storage.stores import open_store
from tests.doors.processes import here

SENTENCES = (
    "CANDLES 1h FROM binance:BTCUSDT WHERE premarket AND spread_pct<0.05 AND close > sma(20)",
    "DAYS FROM nasdaq:AAPL DURING last 1y WHERE premarket.spread_pct < 0.05% AND rvol(20) > 1",
)


@pytest.fixture
def store(postgres_database: str) -> str:
    """A PostgreSQL database that holds the demo's tape."""
    with open_store(postgres_database).begin() as transaction:
        for tape in tapes():
            venue, _, code = tape.symbol.partition(":")
            transaction.add("ticks", venue, code, tape.trades)
            transaction.add("quotes", venue, code, tape.quotes)
        transaction.commit()
    return postgres_database


def close_enough(a: object, b: object) -> bool:
    return math.isclose(a, b, rel_tol=1e-9) if isinstance(a, float) and isinstance(b, float) else a == b


def test_a_database_answers_as_the_lake_does(tape: Path, store: str) -> None:
    """The two sentences, through `connect` and `--store`: the same rows, sums and means within their tolerance."""
    with tapeql.connect(tape, now=NOW) as lake, tapeql.connect(store, now=NOW) as database:
        for sentence in SENTENCES:
            local, far = lake.query(sentence), database.query(sentence)
            assert far.schema == local.schema
            assert far.num_rows == local.num_rows > 0
            for a, b in zip(local.to_pylist(), far.to_pylist(), strict=True):
                assert all(close_enough(a[name], b[name]) for name in a), (a, b)
            done = here("--now", NOW, "query", sentence, "--store", store, "--format", "json")
            assert done.returncode == 0, done.stderr
            assert len(json.loads(done.stdout)) == local.num_rows
        assert "SELECT" in database.explain(SENTENCES[0], "sql")
        assert (
            database.query("SHOW symbols")
            .select(["exchange", "symbol", "trades"])
            .equals(lake.query("SHOW symbols").select(["exchange", "symbol", "trades"]))
        )


def test_a_database_that_is_not_there_is_a_failure() -> None:
    """Exit status 1, one line, and no password in it."""
    done = here("query", SENTENCES[0], "--store", "postgresql://me:secret@127.0.0.1:1/none")
    assert done.returncode == 1
    assert done.stderr.startswith("tapeql: ")
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr
