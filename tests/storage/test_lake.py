"""The lake: what is written is read, whole, by everyone who looked when they looked."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeql.errors import DataError, StoreError
from tapeql.storage.lake import Lake, LakeSnapshot
from tapeql.storage.schema import TICKS
from tests import tapes

EVER = (-(2**62), 2**62)


def rows(snapshot: LakeSnapshot, table: str = "ticks", symbol: str = "x:A", interval: str = "") -> pa.Table:
    venue, code = symbol.split(":")
    schema = {"ticks": TICKS}.get(table, TICKS).schema
    return pa.Table.from_batches(snapshot.scan(table, venue, code, *EVER, schema.names, interval), schema)


def test_nothing_is_created_by_looking(tmp_path: Path) -> None:
    """Reading where nothing was imported is an error that says how to import, and leaves no trace."""
    lake = Lake(tmp_path / "tape")
    assert not lake.exists()
    with pytest.raises(StoreError, match=r"tape.*import trades FILE --symbol"):
        lake.snapshot()
    assert not (tmp_path / "tape").exists()


def test_a_file_is_no_lake(tmp_path: Path) -> None:
    """A path that is a file is refused by name."""
    (tmp_path / "tape").write_text("")
    with pytest.raises(StoreError, match="is a file"):
        Lake(tmp_path / "tape").snapshot()


def test_files_follow_the_layout(tmp_path: Path) -> None:
    """A file a UTC day, named after it; a second commit to the day stands beside the first."""
    lake = Lake(tmp_path)
    lake.write(
        "ticks", "kraken", "BTC/USD", tapes.ticks([("2025-03-10T23:59:59.999999", 1.0, 1.0), ("2025-03-11", 2.0, 1.0)])
    )
    lake.write("ticks", "kraken", "BTC/USD", tapes.ticks([("2025-03-11T01:00", 3.0, 1.0)]))
    lake.write("ohlcv", "kraken", "BTC/USD", tapes.random_candles("2024-12-31T23:00", 3600, 3), "60m")
    lake.write("ohlcv", "kraken", "BTC/USD", tapes.random_candles("2024-12-31", 86400, 2), "1d")
    found = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.parquet") if "manifests" not in p.parts)
    assert found == [
        "ohlcv/kraken/BTC%2FUSD/1d/2024.parquet",
        "ohlcv/kraken/BTC%2FUSD/1d/2025.parquet",
        "ohlcv/kraken/BTC%2FUSD/1h/2024-12.parquet",
        "ohlcv/kraken/BTC%2FUSD/1h/2025-01.parquet",
        "ticks/kraken/BTC%2FUSD/2025-03-10.parquet",
        "ticks/kraken/BTC%2FUSD/2025-03-11.2.parquet",
        "ticks/kraken/BTC%2FUSD/2025-03-11.parquet",
    ]
    snapshot = lake.snapshot()
    assert snapshot.id == "4"
    assert [(p.path, p.rows) for p in snapshot.parts("ticks", "kraken", "BTC/USD")] == [(found[4], 1), (found[5], 2)]
    assert snapshot.intervals("kraken", "BTC/USD") == ["1d", "1h"]


def test_columns_are_kept_as_the_schema_says(tmp_path: Path) -> None:
    """One row group, lz4, delta-packed instants, and no NULLs where there can be none."""
    lake = Lake(tmp_path)
    lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 500))
    file = pq.ParquetFile(lake.path / lake.snapshot().parts("ticks", "x", "A")[0].path)
    assert file.num_row_groups == 1
    column = file.metadata.row_group(0).column(0)
    assert column.compression == "LZ4"
    assert "DELTA_BINARY_PACKED" in column.encodings
    assert file.schema_arrow.remove_metadata() == TICKS.schema


@settings(max_examples=30)
@given(st.integers(-100, 400_000), st.integers(-100, 400_000), st.permutations(TICKS.schema.names))
def test_a_scan_is_a_slice(
    tmp_path_factory: pytest.TempPathFactory, start_s: int, end_s: int, names: list[str]
) -> None:
    """A scan gives the rows of a half-open range, in order, with the columns in the order asked for."""
    lake = _four_days(tmp_path_factory)
    zero = tapes.us("2025-03-10")
    start, end = zero + start_s * 1_000_000, zero + end_s * 1_000_000
    whole = rows(lake.snapshot())
    ts = whole["ts"].cast(pa.int64()).to_numpy()
    expected = whole.filter(pa.array((ts >= start) & (ts < end))).select(names[:3])
    batches = list(lake.snapshot().scan("ticks", "x", "A", start, end, names[:3]))
    assert all(batch.num_rows for batch in batches)
    assert len(batches) <= 4
    assert pa.Table.from_batches(batches, expected.schema).equals(expected)


_LAKES: dict[str, Lake] = {}


def _four_days(factory: pytest.TempPathFactory) -> Lake:
    if "four" not in _LAKES:
        lake = Lake(factory.mktemp("four"))
        lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 4 * 86_400 - 1, 3000))
        _LAKES["four"] = lake
    return _LAKES["four"]


def test_several_symbols_and_days_are_one_commit(tmp_path: Path) -> None:
    """A transaction shows all of its rows or, left without commit, none."""
    lake = Lake(tmp_path)
    tapes.fill(
        lake,
        trades={"x:A": tapes.random_ticks("2025-03-10", 200_000, 50), "y:B": tapes.random_ticks("2025-01-01", 5, 5)},
    )
    assert (lake.snapshot().id, lake.snapshot().symbols()) == ("1", [("x", "A"), ("y", "B")])
    with lake.begin() as transaction:
        transaction.add("ticks", "z", "C", tapes.random_ticks("2025-01-01", 5, 5))
    assert lake.snapshot().id == "1"


def test_a_reader_keeps_what_it_saw(tmp_path: Path) -> None:
    """A snapshot gives the same rows before and after later commits, half-way through a scan too."""
    lake = Lake(tmp_path)
    lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 200_000, 300))
    old = lake.snapshot()
    before = rows(old)
    scan = old.scan("ticks", "x", "A", *EVER, TICKS.schema.names)
    first = next(scan)
    for seed in range(1, 4):
        lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 200_000, 300, seed))
    assert pa.Table.from_batches([first, *scan]).equals(before)
    assert rows(old).equals(before)
    assert rows(lake.snapshot()).num_rows > before.num_rows


def test_replaced_files_go_when_their_readers_have_had_their_time(tmp_path: Path) -> None:
    """A replaced file stays for the grace time, then the next commit removes it and an old snapshot says so."""
    now = [tapes.us("2025-06-01")]
    lake = Lake(tmp_path, grace_s=60, clock_us=lambda: now[0])
    lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 30))
    old = lake.snapshot()
    lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 30, 1))
    now[0] += 59_000_000
    lake.write("ticks", "x", "B", tapes.random_ticks("2025-03-10", 3600, 30))
    assert rows(old).num_rows == 30
    now[0] += 1_000_000
    lake.write("ticks", "x", "C", tapes.random_ticks("2025-03-10", 3600, 30))
    with pytest.raises(StoreError, match="Ask again"):
        rows(old)
    assert rows(lake.snapshot()).num_rows == 60


def test_old_manifests_are_few(tmp_path: Path) -> None:
    """However many commits there were, a handful of manifests is kept."""
    lake = Lake(tmp_path)
    for n in range(12):
        lake.write("ticks", "x", "A", tapes.ticks([(tapes.us("2025-03-10") + n, 1.0, 1.0)]))
    names = sorted(p.name for p in (tmp_path / "manifests").iterdir())
    assert (len(names), names[-1]) == (8, "000000000012.parquet")
    assert Lake(tmp_path).snapshot().parts("ticks", "x", "A")[0].rows == 12


def test_nothing_new_is_no_commit(tmp_path: Path) -> None:
    """Rows that are all known leave the lake as it was."""
    lake = Lake(tmp_path)
    lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 30))
    again = lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 30))
    assert (again.id, again.added, again.present) == ("1", 0, 30)


def test_many_rows_go_through_disk_the_same(tmp_path: Path) -> None:
    """Rows spilled while they are gathered end as those that were not, and leave nothing behind."""
    trades = tapes.random_ticks("2025-03-10", 400_000, 4000)
    Lake(tmp_path / "plain").write("ticks", "x", "A", trades)
    lake = Lake(tmp_path / "spilled")
    with lake.begin() as transaction:
        transaction._staging.spill_bytes = 10_000
        for start in range(0, trades.num_rows, 250):
            transaction.add("ticks", "x", "A", trades.slice(start, 250))
        assert len(list((lake.path / "staging").rglob("*.arrow"))) > 3
        transaction.commit()
    assert rows(lake.snapshot()).equals(rows(Lake(tmp_path / "plain").snapshot()))
    assert list((lake.path / "staging").iterdir()) == []


def test_a_tape_written_newest_first_is_turned(tmp_path: Path) -> None:
    """Trades of one instant stand in the order they happened, whichever way the source is written."""
    day = tapes.us("2025-03-10")
    forwards = [(day, 1.0, 1.0), (day, 2.0, 1.0), (day + 86_400_000_000, 3.0, 1.0), (day + 86_400_000_000, 4.0, 1.0)]
    lake = Lake(tmp_path)
    lake.write("ticks", "x", "A", tapes.ticks(forwards[::-1]))
    assert rows(lake.snapshot())["price"].to_pylist() == [1.0, 2.0, 3.0, 4.0]


def test_overlapping_parts_are_merged(tmp_path: Path) -> None:
    """Where files of a day overlap, a scan gives their rows in one order."""
    from tapeql.storage.lake import _runs
    from tapeql.storage.snapshot import Part

    parts = [
        Part("ticks", "x", "A", "", str(i), a, b, 1)
        for i, (a, b) in enumerate([(0, 5), (5, 9), (10, 12), (13, 20), (14, 15), (16, 30)])
    ]
    assert [[p.path for p in run] for run in _runs(parts)] == [["0", "1"], ["2"], ["3", "4", "5"]]


def test_reading_does_without_pandas(tmp_path: Path) -> None:
    """Opening a lake, listing it and scanning files one by one or merged never loads pandas, which takes long."""
    Lake(tmp_path).write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 50))
    script = (
        "import sys\n"
        "from tapeql.storage.lake import Lake\n"
        "snapshot = Lake(sys.argv[1]).snapshot()\n"
        "assert snapshot.symbols() == [('x', 'A')]\n"
        "(part,) = snapshot.parts('ticks', 'x', 'A')\n"
        "for start, end in ((-2**62, 2**62), (part.min_us + 1, part.max_us)):\n"
        "    batches = list(snapshot.scan('ticks', 'x', 'A', start, end, ['ts', 'seq', 'price', 'side']))\n"
        "    assert batches\n"
        "snapshot.parts = lambda *series: (part, part)\n"
        "assert sum(b.num_rows for b in snapshot.scan('ticks', 'x', 'A', -2**62, 2**62, ['price'])) == 2 * part.rows\n"
        "assert 'pandas' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], timeout=60, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_second_writer_waits_and_then_says_who_holds_the_lake(tmp_path: Path) -> None:
    """One writer at a time: the other waits its time and names the process."""
    import os

    from tapeql.storage.locks import FileLock

    lake = Lake(tmp_path, lock_wait_s=0.1)
    lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 3))
    with FileLock(tmp_path / ".lock", 1), pytest.raises(StoreError, match=f"process {os.getpid()}"):
        lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 3, 1))
    assert lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 3, 1)).added == 3


def test_writers_at_one_time_all_arrive(tmp_path: Path) -> None:
    """Commits made at the same time by several writers are all there."""

    def write(number: int) -> None:
        lake = Lake(tmp_path)
        for n in range(5):
            lake.write("ticks", "x", "A", tapes.ticks([(tapes.us("2025-03-10") + number * 10 + n, 1.0, 1.0)]))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(Lake(tmp_path).snapshot()).num_rows == 20


def test_a_damaged_manifest_is_told(tmp_path: Path) -> None:
    """A manifest that is no Parquet file is an error that names it; nothing older is passed off as the lake."""
    lake = Lake(tmp_path)
    lake.write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 3))
    (tmp_path / "manifests" / "000000000002.parquet").write_bytes(b"PAR1")
    with pytest.raises(StoreError, match=r"000000000002\.parquet"):
        Lake(tmp_path).snapshot()


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("price", float("nan"), "must not be empty"),
        ("price", float("inf"), "infinity"),
        ("price", None, "must not be empty"),
    ],
)
def test_rows_no_table_can_hold_are_refused(tmp_path: Path, column: str, value: float | None, why: str) -> None:
    """NaN, infinity and NULL are refused where there must be a value, and nothing is written."""
    trades = tapes.ticks([("2025-03-10", 1.0, 1.0)]).set_column(1, column, pa.array([value], pa.float64()))
    with pytest.raises(DataError, match=why):
        Lake(tmp_path / "lake").write("ticks", "x", "A", trades)
    assert not (tmp_path / "lake").exists()


def test_a_lake_of_many_files_opens_quickly(tmp_path: Path) -> None:
    """Ten thousand files are listed and one symbol of them looked up in well under a tenth of a second of CPU."""
    import time

    from tapeql.storage.manifest import Entry, Manifest

    series = [("ticks", "x", f"S{i}", "") for i in range(100)]
    added = [Entry(s, d, f"ticks/x/{s[2]}/{d}.parquet", d * 10, d * 10 + 9, 1) for s in series for d in range(100)]
    Manifest.empty().successor(added, [], [], 0).publish(tmp_path)
    Lake(tmp_path).snapshot()
    start = time.process_time()
    parts = Lake(tmp_path).snapshot().parts("ticks", "x", "S42")
    spent = time.process_time() - start
    assert len(parts) == 100
    assert np.all(np.diff([part.min_us for part in parts]) > 0)
    assert spent < 0.1
