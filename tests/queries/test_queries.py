"""Every query file keeps its canonical form, its plan, its SQL and its rows.

    NAME.tapeql          the sentence; lines `-- param NAME = VALUE` bind its parameters
    NAME.canonical       as the formatter writes it
    NAME.plan            EXPLAIN plan
    NAME.duckdb.sql      EXPLAIN sql
    NAME.postgres.diff   how the SQL for Postgres differs, as a diff, for two sentences
    NAME.csv             its rows, checked on every engine

After a deliberate change: `TAPEQL_UPDATE=1 pytest tests/queries`, and read the diff before it is committed.
"""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tapeql
from tapeql.export import formats
from tapeql.serve.connect import Database
from tapeql.shell.demo_tape import NOW, tapes
from tapeql.storage.lake import Lake

HERE = Path(__file__).parent
QUERIES = sorted(HERE.glob("*.tapeql"))
IN_POSTGRES = ("01-the-sentence", "28-trades-and-quotes")
LINES = {"01-the-sentence": 90, "10-fill-columns": 40}
"""How long the SQL of a sentence may be."""
LONG_LIST = re.compile(r"\[[^\[\]]{120,}\]", re.DOTALL)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("queries") / "lake"
    store = Lake(path)
    for tape in tapes():
        venue, code = tape.symbol.split(":")
        store.write("ticks", venue, code, tape.trades)
        store.write("quotes", venue, code, tape.quotes)
    return path


@pytest.fixture(scope="module")
def db(lake: Path) -> Iterator[Database]:
    with tapeql.connect(str(lake), now=NOW) as connection:
        yield connection


def sentence(path: Path) -> tuple[str, dict[str, Any]]:
    text = path.read_text()
    bound = re.findall(r"^-- param (\w+) = (.*)$", text, re.MULTILINE)
    return text, {name: float(value) if re.fullmatch(r"[\d.]+", value) else value for name, value in bound}


def holds(path: Path, suffix: str, found: str) -> None:
    """The sibling holds what was found; an update rewrites it."""
    sibling = path.with_suffix(suffix)
    if os.environ.get("TAPEQL_UPDATE"):
        sibling.write_text(found)
    assert sibling.read_text() == found, f"{sibling.name} differs"


def holds_rows(path: Path, found: str) -> None:
    """The sibling CSV has these rows: sums and means within 1e-12, since processors add in different orders."""
    sibling = path.with_suffix(".csv")
    if os.environ.get("TAPEQL_UPDATE"):
        sibling.write_text(found)
    kept = sibling.read_text().splitlines()
    assert len(kept) == len(found.splitlines()), f"{sibling.name} has other rows"
    for line, (old, new) in enumerate(zip(kept, found.splitlines(), strict=True), start=1):
        pairs = list(zip(old.split(","), new.split(","), strict=True))
        assert all(a == b or _close(a, b) for a, b in pairs), f"{sibling.name}, line {line}: {old} is now {new}"


def _close(a: str, b: str) -> bool:
    try:
        return math.isclose(float(a), float(b), rel_tol=1e-12)
    except ValueError:
        return False


def short(sql: str, lake: Path) -> str:
    """SQL without what only this run knows, and with its long lists cut."""
    return LONG_LIST.sub(lambda m: f"[… {m[0].count(',') + 1} items]", sql.replace(str(lake), "LAKE"))


def csv(db: Database, text: str, params: dict[str, Any], folder: Path) -> str:
    target = folder / "rows.csv"
    with target.open("wb") as file:
        formats.load("csv").write(db.run(text, **params), file)
    return target.read_text()


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_what_a_query_becomes(path: Path, db: Database, lake: Path) -> None:
    """Canonical form, plan and SQL are what the files beside the query say."""
    text, params = sentence(path)
    canonical = db.schema(text, **params).metadata[b"tapeql.canonical"].decode()
    holds(path, ".canonical", canonical + "\n")
    holds(path, ".plan", db.explain(text, **params) + "\n")
    sql = db.explain(text, what="sql", **params)
    holds(path, ".duckdb.sql", short(sql, lake) + "\n")
    assert len(sql.splitlines()) <= LINES.get(path.stem, 160), "more than a person reads"


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_rows(path: Path, db: Database, tmp_path: Path) -> None:
    """Kernels and the SQL engine answer the rows in the file."""
    text, params = sentence(path)
    holds_rows(path, csv(db, text, params, tmp_path))
    mine, other = db.query(text, **params), db.query(f"SET engine = sql; {text}", **params)
    assert mine.num_rows > 0
    assert_close(mine.to_pandas(), other.to_pandas())


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.stem)
def test_the_full_sql_runs_as_it_is(path: Path, db: Database) -> None:
    """EXPLAIN sql full is a text that any DuckDB answers with the same rows, up to what follows on the kernels."""
    import duckdb

    text, params = sentence(path)
    sql = db.explain(text, what="sql full", **params)
    if sql.startswith("--"):
        return  # all of it runs on the kernels
    with duckdb.connect() as connection:
        rows = connection.sql(sql).to_arrow_table()
    if "-- then, on the kernels:" not in sql:
        same(db.query(text, **params), rows)


def same(mine: pa.Table, theirs: pa.Table) -> None:
    """SQL may know columns by names of its own."""
    assert_close(mine.to_pandas(), theirs.rename_columns(mine.column_names).cast(mine.schema).to_pandas())


def assert_close(mine: object, other: object) -> None:
    import pandas as pd

    pd.testing.assert_frame_equal(mine, other, rtol=1e-9, atol=1e-12, check_exact=False)  # type: ignore[arg-type]


def test_postgres_says_the_same_differently(postgres_database: str, db: Database, lake: Path) -> None:
    """The rows of Postgres are the same, by the engine and by its full SQL, which for some is kept as a diff."""
    import adbc_driver_postgresql.dbapi

    from tapeql.storage.stores import open_store

    store = open_store(postgres_database)
    for tape in tapes():
        venue, code = tape.symbol.split(":")
        for table, rows in (("ticks", tape.trades), ("quotes", tape.quotes)):
            with store.begin() as transaction:
                transaction.add(table, venue, code, rows, "")
                transaction.commit()
    with tapeql.connect(postgres_database, now=NOW) as remote:
        for path in QUERIES:
            text, params = sentence(path)
            if path.stem in IN_POSTGRES:
                ours = path.with_suffix(".duckdb.sql").read_text().splitlines()
                theirs = short(remote.explain(text, what="sql", **params), lake).splitlines()
                found = "\n".join(difflib.unified_diff(ours, theirs, "duckdb", "postgres", lineterm="", n=1)) + "\n"
                holds(path, ".postgres.diff", found)
            mine = db.query(text, **params)
            assert_close(mine.to_pandas(), remote.query(text, **params).to_pandas())
            with adbc_driver_postgresql.dbapi.connect(postgres_database) as plain, plain.cursor() as cursor:
                sql = remote.explain(text, what="sql full", **params)
                if sql.startswith("--"):
                    continue
                cursor.execute(
                    sql.partition("\n-- then")[0]
                )  # the driver wraps it in COPY (…), where a comment ends badly
                if "-- then, on the kernels:" not in sql:
                    same(mine, cursor.fetch_arrow_table())
