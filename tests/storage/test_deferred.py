"""Parquet files of which only some row groups are read answer as if all had been."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tapeql
from tapeql.errors import DataError
from tapeql.storage import deferred, in_place
from tapeql.storage.importers.parquet import ParquetSource
from tapeql.storage.importers.source import RawBatch
from tapeql.storage.schema import TABLES
from tapeql.storage.tables import Tables
from tests import tapes

HOUR = 3_600_000_000
BEGIN = tapes.us("2025-03-10T20:00")


def trades(count: int, hours: float, seed: int = 1, ids: bool = True) -> pa.Table:
    """Trades in order of time, several of an instant, some of them twice."""
    dice = np.random.default_rng(seed)
    ts = np.sort(BEGIN + dice.integers(0, int(hours * 3600), count) * 1_000_000)
    number = np.arange(count) - (dice.random(count) < 0.05)
    table = {
        "ts": pa.array(ts).cast(pa.timestamp("us", "UTC")),
        "price": 100 + dice.integers(-20, 20, count) / 4,
        "quantity": dice.integers(1, 5, count).astype(float),
    }
    return pa.table(table | ({"trade_id": number} if ids else {}))


def quotes(count: int, hours: float, seed: int = 1) -> pa.Table:
    rows = trades(count, hours, seed, ids=False)
    bid = rows["price"]
    return pa.table({"ts": rows["ts"], "bid": bid, "ask": pa.array(np.asarray(bid) + 0.5)})


def of(code: str, rows: pa.Table) -> pa.Table:
    return rows.append_column("symbol", pa.array([code] * rows.num_rows))


def read(path: Path, symbol: str, zone: str = "") -> Tables:
    return in_place.Files().read(str(path), symbol, zone, lambda: None).tables


def whole(path: Path, symbol: str, monkeypatch: pytest.MonkeyPatch, zone: str = "") -> Tables:
    with monkeypatch.context() as patched:
        patched.setattr(deferred, "deferred", lambda *_: None)
        return read(path, symbol, zone)


def scanned(tables: Tables, series: tuple[str, str, str, str], start: int, end: int) -> pa.Table:
    table = series[0]
    found = tables.scan(table, *series[1:3], start, end, TABLES[table].schema.names, series[3])
    return pa.Table.from_batches(found, TABLES[table].schema)


@pytest.fixture
def groups_read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The row groups whose rows were read, columns of times and symbols alone left out."""
    seen: list[tuple[str, int]] = []
    of_groups = ParquetSource.of_groups

    def watched(self: ParquetSource, groups: Any, indices: Any) -> Any:
        if len(indices) > 2:
            seen.extend((Path(self.path).name, int(n)) for n in groups)
        return of_groups(self, groups, indices)

    monkeypatch.setattr(ParquetSource, "of_groups", watched)
    return seen


def write(path: Path, table: pa.Table, group: int) -> Path:
    path.parent.mkdir(exist_ok=True)
    pq.write_table(table, path, row_group_size=group)
    return path


def _one(folder: Path) -> Path:
    return write(folder / "one.parquet", trades(3000, 100), 400)


def _seconds(folder: Path) -> Path:
    rows = trades(3000, 100)
    return write(folder / "s.parquet", rows.set_column(0, "time", rows["ts"].cast(pa.int64())), 400)


def _nanoseconds(folder: Path) -> Path:
    rows = trades(3000, 100)
    return write(folder / "ns.parquet", rows.set_column(0, "ts", rows["ts"].cast(pa.timestamp("ns"))), 400)


def _overlapping(folder: Path) -> Path:
    rows = trades(3000, 100)
    write(folder / "many" / "a.parquet", rows.slice(0, 1800), 300)
    return write(folder / "many" / "b.parquet", rows.slice(1500), 400).parent


def _apart(folder: Path) -> Path:
    rows = trades(3000, 200)
    write(folder / "many" / "a.parquet", rows.slice(0, 1000), 300)
    return write(folder / "many" / "b.parquet", rows.slice(2000), 400).parent


def _quotes(folder: Path) -> Path:
    return write(folder / "quotes.parquet", quotes(2000, 100), 300)


def _sorted_by_symbol(folder: Path) -> Path:
    rows = [of(code, trades(1500, 60, n)) for n, code in enumerate(("A", "B", "C"))]
    return write(folder / "symbols.parquet", pa.concat_tables(rows), 400)


def _sorted_by_time(folder: Path) -> Path:
    rows = pa.concat_tables([of(code, trades(1500, 60, n)) for n, code in enumerate(("A", "B", "C"))])
    return write(folder / "symbols.parquet", rows.sort_by([("ts", "ascending"), ("trade_id", "ascending")]), 400)


def _a_file_a_symbol(folder: Path) -> Path:
    for n, code in enumerate(("A", "B")):
        path = write(folder / "many" / f"{code}.parquet", of(code, trades(1500, 60, n)), 400)
    return path.parent


SHAPES: dict[str, tuple[Callable[[Path], Path], str, bool]] = {
    "one": (_one, "x:A", True),
    "microseconds": (_seconds, "x:A", True),
    "nanoseconds without a zone": (_nanoseconds, "x:A", True),
    "overlapping files": (_overlapping, "x:A", True),
    "files apart": (_apart, "x:A", True),
    "quotes": (_quotes, "x:A", True),
    "one of many symbols in turn": (_sorted_by_symbol, "x:B", True),
    "one of many symbols": (_sorted_by_time, "x:B", True),
    "a file a symbol": (_a_file_a_symbol, "", True),
    "many symbols": (_sorted_by_time, "", False),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_any_range_is_that_of_the_whole_file(shape: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same symbols, coverage, first and last instant and rows, whatever is asked for first."""
    make, symbol, skips = SHAPES[shape]
    path = make(tmp_path)
    monkeypatch.setattr(deferred, "IN_PLACE_AHEAD_ROWS", 900)
    expected = whole(path, symbol, monkeypatch)
    assert (deferred.deferred(in_place._found(str(path)), _wishes(symbol), lambda: None) is not None) == skips
    dice = np.random.default_rng(5)
    for _ in range(3):
        found = read(path, symbol)
        assert found.symbols() == expected.symbols()
        for venue, code in expected.symbols():
            series = ("quotes" if shape == "quotes" else "ticks", venue, code, "")
            parts, known = found.parts(*series), expected.parts(*series)
            assert (parts[0].min_us, parts[-1].max_us) == (known[0].min_us, known[-1].max_us)
            assert found.coverage(*series) == expected.coverage(*series)
            for _ in range(6):
                start, end = sorted(dice.integers(BEGIN - 20 * HOUR, BEGIN + 220 * HOUR, 2).tolist())
                assert scanned(found, series, start, end).equals(scanned(expected, series, start, end))
            assert scanned(found, series, -(2**62), 2**62).equals(scanned(expected, series, -(2**62), 2**62))


def _wishes(symbol: str) -> Any:
    from tapeql.storage.importers.wishes import Wishes

    return Wishes(symbol=symbol)


@given(st.integers(0, 99), st.integers(1, 40), st.sampled_from(["CANDLES 7m", "TICKS", "CANDLES 1h"]), st.booleans())
def test_queries_answer_the_same(hour: int, hours: int, verb: str, sql: bool) -> None:
    """Warm-up, spreads by the quotes before the range, and both engines: bit for bit those of the whole files."""
    import tempfile

    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        ticks, bids = _one(folder), _quotes(folder)
        since = np.datetime64(BEGIN + hour * HOUR, "us")
        range_ = f"DURING {since}Z .. {since + np.timedelta64(hours, 'h')}Z"
        more = "" if verb == "TICKS" else "ADD sma(5), spread"
        text = f"{verb} FROM '{ticks}' AS nyse:A, '{bids}' AS nyse:A {range_} {more}"
        text = f"SET engine = {'sql' if sql else 'kernels'}; {text}"
        found = tapeql.query(text)
        patch.setattr(deferred, "deferred", lambda *_: None)
        assert found.equals(tapeql.query(text))


def test_only_what_is_asked_for_is_read(tmp_path: Path, groups_read: list[tuple[str, int]]) -> None:
    """An hour of many days wants the row groups of its day; other files and other symbols are not read."""
    rows = trades(24_000, 240)
    folder = write(tmp_path / "many" / "a.parquet", rows.slice(0, 12_000), 1000).parent
    write(folder / "b.parquet", rows.slice(12_000), 1000)
    found = read(folder, "x:A")
    assert not groups_read
    day = BEGIN + 28 * HOUR
    assert scanned(found, ("ticks", "x", "A", ""), day + 5 * HOUR, day + 6 * HOUR).num_rows > 0
    assert groups_read == [("a.parquet", n) for n in (2, 3, 4, 5)][: len(groups_read)]
    assert 3 <= len(groups_read) <= 4
    groups_read.clear()
    read(_sorted_by_symbol(tmp_path), "x:B").scan("ticks", "x", "B", 0, 2**62, ("ts",)).__next__()
    assert set(groups_read) <= {("symbols.parquet", n) for n in range(3, 8)}


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.take(list(range(t.num_rows - 1, -1, -1))),  # newest first
        lambda t: pa.concat_tables([t.slice(1500), t.slice(0, 1500)]),  # back in time
        lambda t: t.set_column(0, "ts", t["ts"].cast(pa.string())),  # times as text
    ],
)
def test_where_statistics_do_not_tell_all_is_read(change: Any, tmp_path: Path) -> None:
    """Rows that do not go forward, and times that are no numbers."""
    path = write(tmp_path / "one.parquet", change(trades(3000, 100)), 400)
    assert deferred.deferred([path], _wishes("x:A"), lambda: None) is None
    assert read(path, "x:A").symbols()


def test_without_statistics_all_is_read(tmp_path: Path) -> None:
    """Some writers keep none."""
    pq.write_table(trades(3000, 100), tmp_path / "one.parquet", row_group_size=400, write_statistics=False)
    assert deferred.deferred([tmp_path / "one.parquet"], _wishes("x:A"), lambda: None) is None
    assert read(tmp_path / "one.parquet", "x:A").symbols() == [("x", "A")]


def test_local_times_are_read_whole(tmp_path: Path) -> None:
    """What an instant is, is told row by row there."""
    path = _nanoseconds(tmp_path)
    assert read(path, "x:A", "America/New_York").symbols() == [("x", "A")]
    runs = read(path, "x:A", "America/New_York")._of(("ticks", "x", "A", ""))
    assert not any(isinstance(run, deferred.Deferred) for run in runs)


def test_forgotten_partitions_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than memory may hold are no trouble: those used least are forgotten."""
    path = _one(tmp_path)
    expected = whole(path, "x:A", monkeypatch)
    monkeypatch.setattr(deferred, "IN_PLACE_BYTES", 50_000)
    monkeypatch.setattr(deferred, "IN_PLACE_AHEAD_ROWS", 900)
    found = read(path, "x:A")
    for _ in range(2):
        everything = (("ticks", "x", "A", ""), -(2**62), 2**62)
        assert scanned(found, *everything).equals(scanned(expected, *everything))
    assert 0 < found.nbytes < expected.nbytes / 2


def test_a_bad_row_is_told_when_it_is_met(tmp_path: Path) -> None:
    """By file and row; what is not read is not judged."""
    rows = trades(3000, 100)
    quantity = np.asarray(rows["quantity"]).copy()
    quantity[1000] = -1
    path = write(tmp_path / "one.parquet", rows.set_column(2, "quantity", pa.array(quantity)), 400)
    found = read(path, "x:A")
    assert scanned(found, ("ticks", "x", "A", ""), BEGIN + 90 * HOUR, 2**62).num_rows > 0
    with pytest.raises(DataError, match=r"1 rows? cannot be used(.|\n)*one.parquet:1001: quantity is not above 0"):
        scanned(found, ("ticks", "x", "A", ""), 0, 2**62)


def test_a_file_that_changed_is_not_mixed_with_what_it_was(tmp_path: Path) -> None:
    """Between two questions it is read anew, during one it is refused."""
    path = _one(tmp_path)
    found = read(path, "x:A")
    pq.write_table(trades(2000, 90), path, row_group_size=400)
    with pytest.raises(DataError, match="has changed while it was asked"):
        scanned(found, ("ticks", "x", "A", ""), 0, 2**62)
    assert scanned(read(path, "x:A"), ("ticks", "x", "A", ""), 0, 2**62).num_rows > 0


def test_no_batch_is_needed_for_nothing(tmp_path: Path) -> None:
    """No row group, no batch."""
    from tapeql.storage.importers.packed import Packed

    batches: list[RawBatch] = list(ParquetSource(Packed(_one(tmp_path))).of_groups([], [0]))
    assert batches == []
