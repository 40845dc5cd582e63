"""A query ends with the name of a limit before it fills the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

import tapeql
from tapeql import limits
from tapeql.operators.sort import kernel
from tapeql.storage.lake import Lake
from tests import tapes


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> tapeql.Database:
    path: Path = tmp_path_factory.mktemp("memory") / "lake"
    Lake(path).write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 86_400, 5000, seed=1))
    return tapeql.connect(path)


@pytest.mark.parametrize(
    ("engine", "clauses"),
    [
        ("kernels", "ORDER BY close"),  # DuckDB sorts, and spills, by itself
        ("kernels", "ADD avg(close) OVER ALL"),
        ("kernels", "FILL previous"),
        ("sql", "FILL previous"),
    ],
)
def test_what_must_be_seen_together_fits_or_is_refused(db: tapeql.Database, clauses: str, engine: str) -> None:
    """Within the budget it is answered; beyond it the limit is named, with what to do; other queries go on."""
    text = f"SET engine = {engine}; CANDLES 1m FROM x:A {clauses}"
    with pytest.raises(tapeql.LimitError, match="SET memory") as refused:
        db.query(f"SET memory = 1KB; {text}")
    assert refused.value.limit == "QUERY_MEMORY_BYTES"
    assert db.query(f"SET memory = 64MB; {text}").num_rows > 1000
    assert db.query(f"SET memory = 1KB; {text.replace(clauses, '')}").num_rows > 1000


@pytest.mark.parametrize("size", ["0MB", "12", "lots", "1TB"])
def test_a_size_is_a_size(db: tapeql.Database, size: str) -> None:
    with pytest.raises(tapeql.QueryError, match="E107"):
        db.query(f"SET memory = {size}")


@pytest.mark.parametrize("keys", ["close DESC", "session, volume", "ts DESC, symbol", "complete, r DESC, exchange"])
def test_rows_sorted_on_disk_come_as_those_sorted_in_memory(
    db: tapeql.Database, keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"SET memory = 2GB; CANDLES 1m FROM x:A ADD rsi(14) AS r, time AS t ORDER BY {keys}"
    whole = db.query(text)
    monkeypatch.setattr(limits, "SORT_BYTES", 64 << 10)
    with pytest.raises(tapeql.LimitError):
        db.query(text)  # not even a piece fits: so the rows do go this way
    monkeypatch.setattr(limits, "SORT_BYTES", 128 << 20)
    monkeypatch.setattr(kernel, "SHARE", 1 << 20)
    assert db.query(text).equals(whole, check_metadata=True)
