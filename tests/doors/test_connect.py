"""`tapeql.connect`: the same object, answers and errors for a folder and for a server."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import tapeql
from tapeql.export import formats
from tapeql.shell.demo import SENTENCES
from tapeql.shell.demo_tape import NOW
from tapeql.storage.schema import TS
from tapeql.storage.stores import open_store
from tests.doors.processes import Server, here, start
from tests.doors.processes import tapeql as command

BARS = "CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10"

WRONG = [
    "CANDLES 1h FROM binance:BTCUSDT WHERE close > smaa(20)",
    "CANDLES 1h FROM binance:BTCUSDT WHERE clos > 1 AND volum > 2",
    "CANDLES 1H FROM binance:BTCUSDT",
    "CANDLES 1h FROM binance:NOTHING",
    "CANDLES 1h FROM binance:BTCUSDT DURING 2025-02 .. 2025-01",
    "CANDLES 1h FROM binance:BTCUSDT DURING $day",
    "SET tz = 'Mars'",
    "DESCRIBE smaa",
    "",
    "{",
]


@pytest.fixture(params=["lake", "server"])
def db(request: pytest.FixtureRequest, tape: Path, server: Server) -> Iterator[tapeql.Database]:
    """The tape, opened as a folder and through a server."""
    with tapeql.connect(tape if request.param == "lake" else server.address, now=NOW) as database:
        yield database


@pytest.mark.parametrize("sentence", [s for _, s in SENTENCES])
def test_every_door_hands_on_the_same_bytes(sentence: str, tape: Path, server: Server) -> None:
    """Folder, server, command and command through the server answer with equal tables and equal text."""
    with tapeql.connect(tape, now=NOW) as lake, tapeql.connect(server.address) as remote:
        local, far = lake.query(sentence), remote.query(sentence)
        assert local.num_rows > 0
        assert far.equals(local, check_metadata=True)
        assert remote.schema(sentence).equals(lake.schema(sentence), check_metadata=True)
        assert lake.schema(sentence).equals(local.schema, check_metadata=True)
        streamed = lake.stream(sentence).read_all()
        assert streamed.equals(local, check_metadata=True)
        for form in ("csv", "json", "arrow", "parquet"):
            files = []
            for door in (lake, remote):
                sink = io.BytesIO()
                formats.load(form).write(door.run(sentence), sink)
                files.append(sink.getvalue())
            assert files[0] == files[1]
            if form in ("csv", "json"):
                by_lake = here("--lake", str(tape), "--now", NOW, "query", sentence, "--format", form)
                by_url = here("query", sentence, "--format", form, "--url", server.address)
                assert by_lake.stdout.encode() == by_url.stdout.encode() == files[0]


@pytest.mark.parametrize("text", WRONG)
def test_errors_are_the_same_at_every_door(text: str, tape: Path, server: Server) -> None:
    """A wrong text raises a QueryError with the same diagnostics here and from a server."""
    found = []
    for target in (tape, server.address):
        with tapeql.connect(target, now=NOW) as database, pytest.raises(tapeql.QueryError) as caught:
            database.query(text)
        found.append((caught.value.diagnostics, str(caught.value), caught.value.source))
    assert found[0] == found[1]
    assert found[0][2] == text


def test_the_command_prints_a_servers_errors_as_its_own(tape: Path, server: Server) -> None:
    """Through --url the same diagnostic appears, with its caret and exit status 2."""
    by_lake = command("--lake", str(tape), "query", WRONG[0])
    by_url = command("query", WRONG[0], "--url", server.address)
    assert (by_lake.returncode, by_lake.stderr) == (by_url.returncode, by_url.stderr)
    assert by_url.returncode == 2


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2025-03-10T04:00Z", "2025-03-10T06:00Z"),
        (datetime(2025, 3, 10, 4, tzinfo=UTC), datetime(2025, 3, 10, 7, tzinfo=timezone(timedelta(hours=1)))),
        (datetime(2025, 3, 10, 4), datetime(2025, 3, 10, 6)),
        (pd.Timestamp("2025-03-10T04:00", tz="UTC"), pd.Timestamp("2025-03-10T06:00", tz="UTC")),
        (np.datetime64("2025-03-10T04:00", "ns"), np.datetime64("2025-03-10T06:00", "s")),
    ],
)
def test_instants_may_be_given_in_many_forms(db: tapeql.Database, start: object, end: object) -> None:
    """Text, datetimes with and without zones, pandas and numpy stamps mean the same range."""
    table = db.query("CANDLES 1h FROM binance:BTCUSDT DURING $start .. $end", start=start, end=end)
    assert [ts.hour for ts in table.column("ts").to_pylist()] == [4, 5]


def test_numbers_may_be_given_in_many_forms(db: tapeql.Database) -> None:
    """Python's, numpy's and decimal numbers bind alike; a list does not bind."""
    query = f"{BARS} WHERE volume > $v"
    expected = db.query(query, v=20)
    assert 0 < expected.num_rows < 24
    for v in (20.0, np.float32(20), np.int64(20), Decimal(20)):
        assert db.query(query, v=v).equals(expected)
    assert db.query("DAYS FROM nasdaq:AAPL DURING $d", d=date(2025, 3, 10)).num_rows == 1
    with pytest.raises(TypeError, match="parameter `v` is a list"):
        db.query(query, v=[20])


def test_settings_last_for_the_connection(db: tapeql.Database) -> None:
    """SET holds from then on, before a query in the same text too, and not in another connection."""
    utc = db.query(BARS).column("ts")[0].as_py()
    db.query("SET tz = 'America/New_York'")
    assert db.settings == {"tz": "America/New_York"}
    assert db.query(BARS).column("ts")[0].as_py() == utc + timedelta(hours=4)
    table = db.query(f"SET tz = 'Asia/Tokyo'; SET venue = binance; {BARS.replace('binance:', '')}")
    assert table.column("ts")[0].as_py() == utc - timedelta(hours=9)
    assert db.settings == {"tz": "Asia/Tokyo", "venue": "binance"}
    shown = db.query("SET tz = 'UTC'").to_pylist()
    assert {"name": "tz", "value": "UTC"} in shown


def test_a_refused_set_changes_nothing(db: tapeql.Database) -> None:
    """A wrong value leaves the settings as they were."""
    with pytest.raises(tapeql.QueryError):
        db.query(f"SET tz = 'Asia/Tokyo'; {BARS} WHERE nothing > 1")
    assert db.settings == {}


def test_results_tell_what_they_are(db: tapeql.Database) -> None:
    """`run` answers with information that is complete when the batches are."""
    result = db.run("CANDLES 1h FROM binance:BTCUSDT WHERE premarket AND spread_pct < 0.05")
    rows = sum(batch.num_rows for batch in result.batches)
    assert result.info["rows"] == rows
    assert result.info["engine"] == "kernels"
    assert result.info["sources"] == {"binance:BTCUSDT": ["trades"]}
    assert any(isinstance(note, tapeql.Diagnostic) for note in result.info["notes"])


def test_a_stream_may_be_dropped(db: tapeql.Database) -> None:
    """Leaving a stream early is no error, and the next query is answered."""
    reader = db.stream("TICKS FROM binance:BTCUSDT")
    assert 0 < reader.read_next_batch().num_rows <= 65_536
    del reader
    assert db.query(BARS).num_rows == 24


def test_errors_of_a_stream_keep_their_type(tmp_path: Path) -> None:
    """What goes wrong while batches come is a TapeQL error, not an Arrow one, at every door."""
    day_us = 86_400_000_000
    ts = pa.array([day_us * day for day in range(20_000, 20_003)], TS)
    trades = pa.table({"ts": ts, "price": [1.0, 2.0, 3.0], "quantity": [1.0, 1.0, 1.0]})
    open_store(str(tmp_path)).write("ticks", "binance", "X", trades)
    (tmp_path / "ticks/binance/X/2024-10-05.parquet").unlink()
    server = start(tmp_path)
    try:
        for target in (tmp_path, server.address):
            with tapeql.connect(target) as database:
                reader = database.stream("TICKS FROM binance:X")
                with pytest.raises(tapeql.StoreError):
                    reader.read_all()
    finally:
        assert server.stop() == 0


def test_explain_is_text(db: tapeql.Database) -> None:
    """`explain` gives the plan, the SQL or the warm-up of a text, its errors at their place in that text."""
    assert "BTCUSDT" in db.explain(f"SET tz = 'UTC'; {BARS}")
    assert db.explain(BARS, "sql").upper().lstrip().startswith(("SELECT", "WITH"))
    assert "20" in db.explain(f"{BARS} WHERE close > sma(20)", "warmup")
    wrong = "SET tz = 'UTC'; " + WRONG[0]
    with pytest.raises(tapeql.QueryError) as caught:
        db.explain(wrong)
    (found,) = caught.value.diagnostics
    assert wrong[found.span.start : found.span.end] == "smaa"


def test_now_may_be_injected(tape: Path, server: Server) -> None:
    """A connection's clock decides what is complete, at every door."""
    for target in (tape, server.address):
        for now in ("2025-03-10T06:30:00Z", datetime(2025, 3, 10, 6, 30, tzinfo=UTC), 1_741_588_200_000_000):
            with tapeql.connect(target, now=now) as database:
                assert database.query(BARS).num_rows == 6
    instants = iter([1_741_588_200_000_000, 1_741_591_800_000_000])
    with tapeql.connect(tape, now=lambda: next(instants)) as database:
        assert [database.query(BARS).num_rows for _ in range(2)] == [6, 7]
    with pytest.raises(tapeql.QueryError):
        tapeql.connect(tape, now="soon")


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """An empty folder is a StoreError, a server that is not there ConnectionFailed."""
    with tapeql.connect(tmp_path / "none") as database, pytest.raises(tapeql.StoreError):
        database.query(BARS)
    with tapeql.connect("grpc://127.0.0.1:1") as database, pytest.raises(tapeql.ConnectionFailed):
        database.query(BARS)
    with pytest.raises(tapeql.ConnectionFailed):
        tapeql.connect("grpc://")


def test_the_examples_run(tape: Path, server: Server) -> None:
    """The programs and sentences of examples/ work as they say."""
    import sys

    folder = Path(__file__).parents[2] / "examples"
    runs = [("columns.py", str(tape)), ("flight.py", server.address)]
    for name, target in runs:
        done = subprocess.run([sys.executable, str(folder / name), target], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
    sentences = (folder / "sentences.tapeql").read_text()
    done = here("--lake", str(tape), "--now", NOW, "repl", input=sentences)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("rows)") + done.stdout.count("row)") >= 9


def test_an_answer_is_a_plain_arrow_table(db: tapeql.Database) -> None:
    """`query` gives a pyarrow.Table, `stream` a pyarrow.RecordBatchReader, `schema` a pyarrow.Schema."""
    assert isinstance(db.query(BARS), pa.Table)
    assert isinstance(db.stream(BARS), pa.RecordBatchReader)
    assert isinstance(db.schema(BARS), pa.Schema)


def test_files_are_taken_by_a_program(tmp_path: Path) -> None:
    """The report of an import says what the files were taken for, and the symbols are there to ask."""
    (tmp_path / "XBTUSD.csv").write_text("1381095255,122.0,0.1\n1381179030.1234,123.61,0.1\n")
    with tapeql.connect(tmp_path / "lake") as db:
        report = db.import_files(tmp_path / "XBTUSD.csv")
        assert (dict(report.symbols), report.added, report.files[0].source) == (
            {"kraken:XBTUSD": 2},
            2,
            "Kraken time and sales",
        )
        assert db.symbols()["symbol"].to_pylist() == ["XBTUSD"]


def test_tables_are_taken_by_a_program(tmp_path: Path) -> None:
    """A DataFrame is stored as a file of it would be, under one symbol or those of its column; other values are refused."""
    frame = pd.DataFrame(
        {"price": [1.0, 2.0], "size": [1, 2], "ticker": ["A", "B"]},
        index=pd.date_range("2025-03-10 09:30", periods=2, freq="1s", tz="America/New_York"),
    )
    with tapeql.connect(tmp_path / "lake") as db:
        assert dict(db.write("trades", frame.drop(columns="ticker"), "nasdaq:C").symbols) == {"nasdaq:C": 2}
        assert list(db.write("trades", frame).symbols) == ["file:A", "file:B"]
        assert db.write("trades", frame).added == 0
        assert db.query("TICKS FROM nasdaq:C SELECT ts, price").to_pylist()[0] == {
            "ts": datetime(2025, 3, 10, 13, 30, tzinfo=UTC),
            "price": 1.0,
        }
        with pytest.raises(tapeql.DataError, match="--symbol"):
            db.write("trades", frame.drop(columns="ticker"))
        with pytest.raises(tapeql.DataError, match="a dict is no table"):
            db.write("trades", {"price": 1})
