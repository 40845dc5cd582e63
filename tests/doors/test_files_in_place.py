"""FROM 'file': CSV, Parquet, folders, patterns and archives are asked where they lie, and read once."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import duckdb
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

import tapeql
from tapeql.storage import in_place
from tapeql.storage.importers.opening import open_sources
from tests.doors.processes import Server, here
from tests.doors.processes import tapeql as command

DAY_MS = 86_400_000
START_MS = 1_741_613_400_000  # 2025-03-10T13:30Z


def trades(day: int) -> str:
    rows = "".join(f"{START_MS + day * DAY_MS + n * 60_000},{100 + n / 4},{n + 1}\n" for n in range(90))
    return f"time,price,qty\n{rows}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three days of trades in a folder `days`, packed in `days.zip`, as Parquet in `parquet`; and one of them alone."""
    for day in range(3):
        (tmp_path / "days").mkdir(exist_ok=True)
        (tmp_path / "days" / f"{day}.csv").write_text(trades(day))
        (tmp_path / "parquet").mkdir(exist_ok=True)
        table = csv.read_csv(tmp_path / "days" / f"{day}.csv")
        pq.write_table(table, tmp_path / "parquet" / f"{day}.parquet")
    with zipfile.ZipFile(tmp_path / "days.zip", "w") as archive:
        for day in range(3):
            archive.writestr(f"{day}.csv", trades(day))
    (tmp_path / "it's one.csv").write_text(trades(0))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("engine", ["kernels", "sql"])
@pytest.mark.parametrize("path", ["days", "days/*.csv", "days/[0-9].csv", "days.zip", "parquet/*.parquet", "parquet"])
def test_files_give_the_rows_of_an_import(path: str, engine: str, folder: Path) -> None:
    """However the files lie, the same rows as after an import, on both engines."""
    with tapeql.connect(folder / "lake") as db:
        db.import_files("days", "binance:BTCUSDT")
        expected = db.query(f"SET engine = {engine}; CANDLES 1h FROM binance:BTCUSDT ADD sma(2)")
    assert expected.num_rows == 6
    found = tapeql.query(f"SET engine = {engine}; CANDLES 1h FROM '{path}' AS binance:BTCUSDT ADD sma(2)")
    assert found.equals(expected)


def test_a_file_needs_no_lake(folder: Path) -> None:
    """The command answers in an empty folder and leaves nothing behind; quotes in names are doubled."""
    before = sorted(os.listdir())
    done = here("query", "CANDLES 1h FROM 'it''s one.csv' AS nyse:SPY SELECT symbol, ts, volume", "--format", "csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[1:] == ["SPY,2025-03-10T13:30:00Z,1830", "SPY,2025-03-10T14:30:00Z,2265"]
    assert sorted(os.listdir()) == before


def test_files_tables_and_symbols_stand_in_one_sentence(folder: Path) -> None:
    """Several sources in one FROM, and what the right of |> inherits."""
    with tapeql.connect(folder / "lake") as db:
        db.import_files("days/0.csv", "kraken:BTC/USD")
        text = "CANDLES 1d FROM 'days/1.csv' AS a:X, $t, kraken:BTC/USD, a:X SELECT exchange, symbol"
        table = csv.read_csv("days/2.csv")
        assert [list(row.values()) for row in db.query(text, t=table).to_pylist()] == [
            ["a", "X"],
            ["kraken", "BTC/USD"],
            ["table", "t"],
        ]
        piped = "DAYS FROM 'days' AS nyse:SPY WHERE session_date > 2025-03-10 |> CANDLES 1h"
        assert db.query(piped).num_rows == 4


def test_a_file_is_read_once_until_it_changes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path, size and time of change say whether it is the same."""
    opened = []

    def counted(path: Path) -> object:
        opened.append(path)
        return open_sources(path)

    monkeypatch.setattr(in_place, "open_sources", counted)
    text = "CANDLES 1h FROM 'days/0.csv' AS a:X"
    with tapeql.connect(folder / "lake") as db:
        first = db.query(text)
        assert db.query(text).equals(first)
        assert db.query(f"{text} WHERE close > 1").equals(first)
        assert len(opened) == 1
        Path("days/0.csv").write_text(trades(0) + f"{START_MS + DAY_MS},1,1\n")
        assert db.query(text).num_rows == first.num_rows + 1
        assert len(opened) == 2


def test_its_sql_runs_as_it_is_while_it_is_remembered(folder: Path) -> None:
    """EXPLAIN sql full names files that any DuckDB reads, as long as the connection has them."""
    text = "CANDLES 1h FROM 'days' AS binance:BTCUSDT SELECT ts, close"
    with tapeql.connect(folder / "lake") as db:
        found = duckdb.sql(db.explain(text, "sql full")).to_arrow_table()
        assert found["close"].to_pylist() == db.query(text)["close"].to_pylist()


def test_a_zone_is_taken_from_the_sentence(folder: Path) -> None:
    """Local times want TZ, which is a zone the sentence knows anyway; SET tz says it too. Known times do not move."""
    Path("spy.csv").write_text("time,price,qty\n2025-03-10 09:30:00,1,1\n2025-03-10 09:31:00,2,1\n")
    asked = "TICKS FROM 'spy.csv' AS nyse:SPY SELECT ts LIMIT 1"
    with pytest.raises(tapeql.QueryError, match="`TZ America/New_York` says where times such as 2025-03-10 09:30:00"):
        tapeql.query(asked)
    for text in (f"{asked} TZ America/New_York", f"SET tz = America/New_York; {asked}"):
        assert str(tapeql.query(text)["ts"][0]) == "2025-03-10 13:30:00+00:00"
    assert str(tapeql.query(f"{asked.replace('spy', 'days/0')} TZ Asia/Tokyo")["ts"][0]) == "2025-03-10 13:30:00+00:00"


def test_a_file_that_names_nobody_is_known_by_its_own_name(folder: Path) -> None:
    """One file alone needs no AS; an index without a name, as pandas writes it, is the time."""
    Path("my trades.csv").write_text(trades(0))
    found = tapeql.query("TICKS FROM 'my trades.csv' SELECT symbol, exchange LIMIT 1").to_pylist()
    assert found == [{"symbol": "my_trades", "exchange": "file"}]
    Path("frame.csv").write_text(trades(0).replace("time", "", 1))
    assert tapeql.query("TICKS FROM 'frame.csv'").num_rows == tapeql.query("TICKS FROM 'my trades.csv'").num_rows


@pytest.mark.parametrize(
    ("source", "code", "hint"),
    [
        ("'nothing.csv'", "E112", "paths begin at"),
        ("'nothing/*.csv'", "E112", "paths begin at"),
        ("'empty'", "E112", "paths begin at"),
        ("'binance:BTCUSDT'", "E112", "without quotes"),
        ("'days'", "E406", "`FROM 'days' AS VENUE:CODE`"),
        ("'letter.txt' AS a:X", "E406", "tapeql import"),
        ("'one.csv' AS a:X", "E406", "`tapeql import one.csv --interval 1m`"),
        ("'bad.csv' AS a:X", "E406", "bad.csv:3"),
        ("'days' AS a:*", "E103", "AS nasdaq:AAPL"),
    ],
)
def test_what_is_wrong_is_told_with_a_way_out(source: str, code: str, hint: str, folder: Path) -> None:
    """No such file, a symbol that nothing says, what only an import can be told, rows that cannot be used."""
    Path("empty").mkdir()
    Path("letter.txt").write_text("Dear all,\nthe prices are fine.\n")
    Path("one.csv").write_text("time,open,high,low,close\n2025-03-10T13:30Z,1,2,0.5,1.5\n")
    Path("spy.csv").write_text(trades(0))
    Path("bad.csv").write_text(trades(0).replace("100.25", "much"))
    text = f"CANDLES 1h FROM {source}"
    with pytest.raises(tapeql.QueryError) as caught:
        tapeql.query(text)
    (found,) = caught.value.diagnostics
    assert found.code == code
    assert text[found.span.start : found.span.end] in source
    assert hint in " ".join(found.hints)


def test_a_path_without_quotes_is_a_symbol(folder: Path) -> None:
    """The message says how files are written, and the fix quotes it."""
    with pytest.raises(tapeql.QueryError) as caught:
        tapeql.query("CANDLES 1h FROM days/0.csv")
    (found,) = caught.value.diagnostics
    assert (found.code, found.fix and found.fix.text) == ("E103", "'days/0.csv'")


def test_a_server_opens_no_path_of_a_client(server: Server, folder: Path) -> None:
    """It refuses at the place of the file, whether there is one or not, and so does the command through it."""
    text = f"CANDLES 1h FROM '{folder}/days' AS a:X"
    with tapeql.connect(server.address) as db:
        for ask in (db.query, db.schema, db.explain):
            with pytest.raises(tapeql.QueryError) as caught:
                ask(text)
            (found,) = caught.value.diagnostics
            assert (found.code, text[found.span.start : found.span.end]) == ("E511", f"'{folder}/days' AS a:X")
    done = command("query", text, "--url", server.address)
    assert done.returncode == 2
    assert "E511" in done.stderr


def test_a_venue_that_is_misspelt_gets_a_note(folder: Path) -> None:
    """At its place, and not where the store has it."""
    text = "TICKS FROM 'days/0.csv' AS nasdq:AAPL"
    with tapeql.connect(folder / "lake") as db:
        result = db.run(text)
        result.table()
        (note,) = (note for note in result.info["notes"] if "nasdq" in note.reason)
        assert (note.code, text[note.span.start : note.span.end]) == ("N109", "nasdq:AAPL")
        assert note.hints == ("did you mean `nasdaq:AAPL`?",)
        db.import_files("days/1.csv", "nasdq:MSFT")
    with tapeql.connect(folder / "lake") as db:
        result = db.run(text)
        result.table()
        assert not [note for note in result.info["notes"] if "nasdq" in note.reason]


@pytest.mark.parametrize("verb", ["CANDLES 1h", "TICKS"])
def test_a_file_of_quotes_says_what_can_be_asked(verb: str, folder: Path) -> None:
    """Where no trades are there, what is and how it is asked for stands instead of a list of what is stored."""
    Path("q.csv").write_text("ts,bid,ask\n2025-03-10T13:30:00Z,1,2\n")
    with pytest.raises(tapeql.QueryError) as caught:
        tapeql.query(f"{verb} FROM 'q.csv' AS x:Q")
    (found,) = caught.value.diagnostics
    assert (found.code, found.hints) == ("E403", ("there are quotes: `QUOTES` and `STATS OF QUOTES` ask for them",))
