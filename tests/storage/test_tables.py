"""Rows in memory are the rows a lake would hold."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapeql.errors import LimitError
from tapeql.storage import in_place, tables
from tapeql.storage.lake import Lake
from tapeql.storage.overlay import Overlay
from tapeql.storage.schema import TABLES
from tapeql.storage.snapshot import Snapshot
from tapeql.storage.store import Transaction
from tapeql.storage.tables import Gathering, Tables, joined
from tests import tapes

EVER = (-(2**62), 2**62)
TICKS = tapes.random_ticks("2025-03-09T20:00", 40_000, 500)
QUOTES = tapes.random_quotes("2025-03-09T20:00", 40_000, 300)
CANDLES = tapes.random_candles("2024-12-31", 3600, 50)
SERIES = (("ticks", "x", "A", ""), ("ticks", "x", "B", ""), ("quotes", "x", "A", ""), ("ohlcv", "x", "A", "1h"))


def add(transaction: Transaction) -> None:
    """Overlapping sources, one of them backwards, of all kinds."""
    backwards = TICKS.take(pa.array(range(499, -1, -1)))
    transaction.add("ticks", "x", "A", TICKS.slice(100), "", "one")
    transaction.add("ticks", "x", "A", TICKS.slice(0, 300), "", "two")
    transaction.add("ticks", "x", "B", backwards.slice(0, 250), "", "one")
    transaction.add("ticks", "x", "B", backwards.slice(250), "", "one")
    transaction.add("quotes", "x", "A", QUOTES)
    transaction.add("ohlcv", "x", "A", CANDLES, "60m")


def gathered() -> Gathering:
    with Gathering() as gathering:
        add(gathering)
        gathering.commit()
    return gathering


def scanned(snapshot: Snapshot, table: str, venue: str, code: str, interval: str, start: int, end: int) -> pa.Table:
    names = TABLES[table].schema.names
    found = snapshot.scan(table, venue, code, start, end, names, interval)
    return pa.Table.from_batches(found, TABLES[table].schema)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    store = Lake(tmp_path_factory.mktemp("tables"))
    with store.begin() as transaction:
        add(transaction)
        transaction.commit()
    return store.snapshot()


def test_memory_holds_what_the_lake_holds(lake: Snapshot) -> None:
    """The same symbols, parts, coverage and rows, and files with these rows for engines that want some."""
    held = gathered().tables
    assert held.symbols() == list(lake.symbols())
    assert held.intervals("x", "A") == ["1h"]
    for series in SERIES:
        parts = held.parts(*series)
        assert [replace(p, path="") for p in parts] == [replace(p, path="") for p in lake.parts(*series)]
        assert held.coverage(*series) == lake.coverage(*series)
        assert scanned(held, *series, *EVER).equals(scanned(lake, *series, *EVER))
        files = [pq.read_table(held.file(part)) for part in parts]
        assert pa.concat_tables(files).equals(scanned(held, *series, *EVER))
        assert held.file(parts[0]) == held.file(parts[0])


@given(st.sampled_from(SERIES), st.integers(-3600, 50_000), st.integers(-3600, 50_000))
def test_any_range_is_the_lakes(lake: Snapshot, series: tuple[str, str, str, str], start: int, end: int) -> None:
    """Half-open, over the edges of partitions, also empty ones."""
    begin = tapes.us("2025-03-09T20:00")
    span = (begin + start * 1_000_000, begin + end * 1_000_000)
    assert scanned(gathered().tables, *series, *span).equals(scanned(lake, *series, *span))


def test_backwards_is_noticed() -> None:
    """Of the one source that went back in time, not of two that overlap."""
    assert gathered().backwards == {("ticks", "x", "B", "")}


def test_several_are_one(lake: Snapshot) -> None:
    """Series that only one has stay as they are; those of both are merged."""

    def of(rows: pa.Table, code: str = "A") -> Tables:
        with Gathering() as gathering:
            gathering.add("ticks", "x", code, rows)
            gathering.commit()
        return gathering.tables

    ids = TICKS.append_column("trade_id", pa.array(map(str, range(500))))
    whole, parts = of(ids), joined([of(ids.slice(0, 300)), of(ids.slice(200)), of(ids, "C")])
    assert parts.symbols() == [("x", "A"), ("x", "C")]
    assert scanned(parts, *SERIES[0], *EVER).equals(scanned(whole, *SERIES[0], *EVER))
    over = Overlay(of(ids.slice(0, 5)), lake)
    assert over.symbols() == [("x", "A"), ("x", "B")]
    assert over.intervals("x", "A") == []
    assert sum(part.rows for part in over.parts(*SERIES[0])) == 5
    assert over.parts(*SERIES[1]) == lake.parts(*SERIES[1])
    assert {over.file(part).exists() for series in SERIES[:2] for part in over.parts(*series)} == {True}


def test_files_go_with_their_rows() -> None:
    """Nothing stays on disk once nobody can ask for it."""
    held = gathered().tables
    path = held.file(held.parts(*SERIES[0])[0])
    assert path.exists()
    del held
    gc.collect()
    assert not path.exists()


def test_too_many_rows_are_for_a_lake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Beyond the limit reading ends with its name; files remembered are forgotten, the oldest first, to stay within it."""
    files = in_place.Files()
    for name in ("one", "two"):
        pq.write_table(TICKS, tmp_path / f"{name}.parquet")
    first = files.read(str(tmp_path / "one.parquet"), "x:A", "", lambda: None)
    monkeypatch.setattr(in_place, "IN_PLACE_BYTES", first.tables.nbytes + 1)
    assert files.read(str(tmp_path / "one.parquet"), "x:A", "", lambda: None) is first
    files.read(str(tmp_path / "two.parquet"), "x:A", "", lambda: None)
    assert files.read(str(tmp_path / "one.parquet"), "x:A", "", lambda: None) is not first
    monkeypatch.setattr(tables, "IN_PLACE_BYTES", 1000)
    with pytest.raises(LimitError, match="import them, and ask the lake"):
        in_place.Files().read(str(tmp_path / "one.parquet"), "x:A", "", lambda: None)
