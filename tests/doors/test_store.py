"""A database behind the same doors."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

import tapeql
from tapeql.shell.demo_tape import NOW, tapes
from tapeql.storage.stores import open_store
from tests.doors.processes import environment, here

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


def with_password(url: str, password: str) -> str:
    user, at, rest = url.partition("@")
    return f"{user}:{password}{at}{rest}"


def test_a_server_tells_no_password(postgres_database: str) -> None:
    """`tapeql serve --store` says which database it serves, without the password of its URL."""
    url = with_password(postgres_database, "hush-hush")
    command = [sys.executable, "-m", "tapeql", "serve", "--store", url, "--flight", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    line = process.stdout.readline()
    process.terminate()
    rest, told = process.communicate(timeout=30)
    assert line.startswith(f"tapeql serves {postgres_database} at grpc://"), told
    assert "hush" not in line + rest + told


def test_the_repl_tells_no_password(postgres_database: str, tmp_path: Path) -> None:
    """The first line of the repl names the database without its password."""
    settings = {**environment(), "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    arguments = ["-m", "tapeql", "repl", "--store", with_password(postgres_database, "hush-hush")]
    child = pexpect.spawn(sys.executable, arguments, env=settings, timeout=60, encoding="utf-8", dimensions=(50, 200))
    child.expect("tapeql>")
    before = str(child.before)
    child.close(force=True)
    assert f"asking {postgres_database}." in before
    assert "hush" not in before


@pytest.mark.parametrize("password", ["hush@hash", "hush/hash", "hush:ha/sh", "12?hash", "hush#hash", "hush%hash"])
def test_a_password_that_is_not_encoded_is_not_told(password: str) -> None:
    """A URL that breaks off inside its password is refused in one line that says how to write it, not what it was."""
    done = here("query", "SHOW symbols", "--store", f"postgresql://me:{password}@127.0.0.1:1/none")
    assert done.returncode == 1
    assert "`@` as %40" in done.stderr
    assert not [piece for piece in ("hush", "hash", "12") if piece in done.stderr]
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgres://me:a%40b@db.example:5432/tape?sslmode=require", "postgresql://me@db.example:5432/tape"),
        ("postgresql://me:secret@[::1]:5432/tape", "postgresql://me@[::1]:5432/tape"),
        ("postgresql://me@one:5432,two:5433/tape", "postgresql://me@one:5432,two:5433/tape"),
        ("postgresql:///tape?host=/run/postgresql&password=secret", "postgresql:///tape"),
    ],
)
def test_a_database_is_named_without_its_password(url: str, name: str) -> None:
    """User, servers and database are told; password and options are not."""
    with tapeql.connect(url) as database:
        assert database.name == name


@pytest.mark.parametrize("option", ["--url", "--store"])
def test_a_mistyped_scheme_tells_no_password(option: str) -> None:
    """What was given to a wrong option may hold a password, so it is not repeated."""
    done = here("query", "SHOW symbols", option, "mysql://me:secret@127.0.0.1/none")
    assert done.returncode == 2
    assert "secret" not in done.stderr
