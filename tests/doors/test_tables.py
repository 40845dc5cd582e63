"""FROM $table: whatever exports an Arrow stream is asked where it lies, with a lake and without."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tapeql
from tapeql.serve.connect import Database
from tapeql.serve.service import Service
from tapeql.shell.demo_tape import NOW
from tests.doors.processes import Server

SENTENCE = "CANDLES 15m FROM $t AS nasdaq:AAPL ADD rsi(3) WHERE premarket OR regular"


def minutes(days: str = "2025-03-07", count: int = 600) -> pd.DataFrame:
    """Candles of a minute in New York from seven in the morning on, their times in the index."""
    close = 100 + np.random.default_rng(7).normal(size=count).cumsum() / 10
    return pd.DataFrame(
        {"open": close, "high": close + 1, "low": close - 1, "close": close + 0.5, "volume": 10.0},
        index=pd.date_range(f"{days} 07:00", periods=count, freq="1min", tz="America/New_York"),
    )


class Foreign:
    """A table of a library nobody here knows."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


def _polars(frame: pd.DataFrame) -> Any:
    return pytest.importorskip("polars").from_arrow(pa.table(frame).rename_columns([*frame.columns, "ts"]))


KINDS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas, its index": lambda frame: frame,
    "pandas, a column": lambda frame: frame.rename_axis("time").reset_index(),
    "pandas, dictionaries": lambda frame: frame.assign(symbol=pd.Categorical(["AAPL"] * len(frame))),
    "polars": _polars,
    "pyarrow": lambda frame: pa.table(frame),
    "pyarrow, batches": lambda frame: pa.Table.from_batches(pa.table(frame).to_batches(max_chunksize=70)),
    "a record batch": lambda frame: pa.table(frame).combine_chunks().to_batches()[0],
    "a reader": lambda frame: pa.table(frame).to_reader(),
    "duckdb": lambda frame: duckdb.from_arrow(pa.table(frame)),
    "a foreign object": lambda frame: Foreign(pa.table(frame)),
    "backwards": lambda frame: frame[::-1],
    "shuffled": lambda frame: frame.sample(frac=1, random_state=3),
}


@pytest.mark.parametrize("engine", ["kernels", "sql"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_table_gives_the_rows_of_an_import(kind: str, engine: str, tmp_path: Path) -> None:
    """The same rows, bit for bit, as when the DataFrame was imported into a lake, on both engines."""
    frame = minutes()
    frame.to_parquet(tmp_path / "frame.parquet")
    with tapeql.connect(tmp_path / "lake") as db:
        db.import_files(tmp_path / "frame.parquet", "nasdaq:AAPL")
        sentence = f"SET engine = {engine}; {SENTENCE}"
        expected = db.query(sentence.replace("$t AS ", ""))
    assert 25 < expected.num_rows < 40
    assert tapeql.query(sentence, t=KINDS[kind](frame)).equals(expected)


def test_a_table_has_the_name_of_its_parameter() -> None:
    """Without AS and without a column of symbols; its venue never closes, and says so."""
    answer = tapeql.query("CANDLES 1h FROM $frame WHERE premarket SELECT exchange, symbol, close", frame=minutes())
    assert answer.slice(0, 1).to_pylist()[0].keys() == {"exchange", "symbol", "close"}
    assert set(zip(*answer.select(["exchange", "symbol"]).to_pydict().values(), strict=True)) == {("table", "frame")}


def test_a_column_of_symbols_names_them() -> None:
    """Each is one of venue `table`; AS takes one and gives it a venue. A row index of two levels works too."""
    both = pd.concat({"AAPL": minutes(), "MSFT": minutes() + 1}, names=["symbol", "time"])
    symbols = tapeql.query("CANDLES 1d FROM $t SELECT exchange, symbol", t=both).to_pylist()
    assert symbols == [{"exchange": "table", "symbol": "AAPL"}, {"exchange": "table", "symbol": "MSFT"}]
    one = tapeql.query("CANDLES 15m FROM $t AS nasdaq:MSFT", t=both)
    assert one.drop_columns("symbol").equals(
        tapeql.query("CANDLES 15m FROM $t AS nasdaq:X", t=minutes() + 1).drop_columns("symbol")
    )


def test_sessions_follow_the_clocks_of_the_name_given() -> None:
    """AS nasdaq:AAPL brings New York's calendar, whose clocks change between this Friday and this Monday."""
    frame = pd.concat([minutes("2025-03-07"), minutes("2025-03-10")])
    bars = tapeql.query("CANDLES 1h FROM $t AS nasdaq:AAPL SESSION regular LIMIT 1 PER session_date", t=frame)
    assert [ts.isoformat() for ts in bars["ts"].to_pylist()] == [
        "2025-03-07T14:30:00+00:00",
        "2025-03-10T13:30:00+00:00",
    ]


def test_days_at_local_midnight_are_days() -> None:
    """Dates that a library keeps as midnights of New York are known for days over the change of the clocks."""
    index = pd.date_range("2025-03-03", periods=10, freq="B", tz="America/New_York", name="Date")
    frame = pd.DataFrame({"Open": 1.0, "High": 2.0, "Low": 0.5, "Close": 1.5, "Volume": 10}, index=index)
    days = tapeql.query("CANDLES 1d FROM $t AS nasdaq:AAPL", t=frame)
    assert days["session_date"].to_pylist() == [stamp.date() for stamp in index]


def test_a_column_says_the_interval() -> None:
    """Where the rows do not tell how long a candle is."""
    one = minutes()[:1].assign(interval="5min")
    assert tapeql.query("CANDLES 5m FROM $t SELECT interval, close", t=one)["interval"].to_pylist() == ["5m"]


def test_tables_stand_beside_each_other_and_the_store(tape: Path) -> None:
    """Several tables, of one symbol too, and stored symbols; a table hides what is stored under its name."""
    trades = pd.DataFrame(
        {"time": pd.to_datetime(["2025-03-10T13:30:10Z", "2025-03-10T13:30:40Z"]), "price": [5.0, 6.0], "size": [1, 2]}
    )
    quotes = trades.assign(bid=4.5, ask=5.5).drop(columns=["price", "size"])
    with tapeql.connect(tape, now=NOW) as db:
        minute = "DURING 2025-03-10T13:30Z .. 2025-03-10T13:31Z"
        text = f"CANDLES 1m FROM $t AS binance:BTCUSDT, $q AS binance:BTCUSDT, nasdaq:AAPL {minute}"
        stored = f"CANDLES 1m FROM binance:BTCUSDT, nasdaq:AAPL {minute}"
        found = db.query(f"{text} ADD spread", t=trades, q=quotes)
        known = db.query(f"{stored} ADD spread")
        assert found["symbol"].to_pylist() == known["symbol"].to_pylist() == ["BTCUSDT", "AAPL"]
        assert found.slice(1).equals(known.slice(1))
        assert found["close"][0].as_py() == 6.0
        assert found["spread"][0].as_py() == 1.0
        assert db.query(f"SET engine = sql; {text}", t=trades, q=quotes).equals(db.query(text, t=trades, q=quotes))


@pytest.mark.postgres
@pytest.mark.parametrize("engine", ["kernels", "sql"])
def test_tables_stand_beside_a_database(engine: str, postgres_database: str) -> None:
    """What a database holds is read out of it, since nothing in it sees the program's tables."""
    frame = minutes()
    with tapeql.connect(postgres_database) as db:
        rows = pa.table(frame.rename_axis("ts").reset_index())
        rows = rows.set_column(0, "ts", rows["ts"].cast(pa.timestamp("us", "UTC")))
        db._door.store.write("ohlcv", "nasdaq", "MSFT", rows, "1m")
        both = db.query(f"SET engine = {engine}; CANDLES 15m FROM $t AS nasdaq:AAPL, nasdaq:MSFT", t=frame)
        assert "kernels" in db.explain("CANDLES 15m FROM $t, nasdaq:MSFT", "sql", t=frame)
    ours, theirs = (both.filter(pc.equal(both["symbol"], code)).drop_columns("symbol") for code in ("AAPL", "MSFT"))
    assert ours.num_rows > 0
    assert ours.equals(theirs)


def test_two_tables_of_one_series_are_one() -> None:
    """The halves of a day make the day."""
    frame = minutes()
    whole = tapeql.query("CANDLES 15m FROM $a AS x:Y", a=frame)
    halves = tapeql.query("CANDLES 15m FROM $a AS x:Y, $b AS x:Y", a=frame[:301], b=frame[299:])
    assert halves.equals(whole)


def test_notes_say_what_was_decided() -> None:
    """The interval told by the rows, an order that was mended; without flags of the command line."""
    with contextlib.closing(Service(None, in_place=True)) as service:
        result = Database(service).run("CANDLES 15m FROM $t", t=minutes()[::-1])
        result.table()
    told = [(note.code, note.reason) for note in result.info["notes"]]
    assert ("N109", "$t: candles of 1m, told by the time between them") in told
    assert ("N109", "$t: its rows did not stand in order of time: they were sorted") in told
    assert ("N109", "$t: nothing says whose rows they are: the symbol is table:t") in told
    assert result.info["sources"] == {"table:t": ["1m candles"]}


def test_a_table_is_told_of_as_its_file_is(tmp_path: Path) -> None:
    """Naive times read as UTC, rows that say nothing, candles beyond their range; a file is called after its name."""
    frame = minutes().tz_localize(None).rename_axis("ts").reset_index()
    frame.loc[3, ["open", "high", "low", "close"]] = np.nan
    frame.loc[5, "close"] = 500
    frame.to_parquet(tmp_path / "prices.parquet")
    told = []
    for text in ("CANDLES 15m FROM $t", f"CANDLES 15m FROM '{tmp_path}/prices.parquet'"):
        with contextlib.closing(Service(None, in_place=True)) as service:
            result = Database(service).run(text, t=frame) if "$t" in text else Database(service).run(text)
            result.table()
        told.append([note.reason.split(": ", 1)[-1] for note in result.info["notes"] if note.code == "N109"])
    table, file = told
    shared = [
        "candles of 1m, told by the time between them",
        "times without a zone were read as UTC",
        "1 of 600 rows were skipped, since they say nothing (candles without a price, rows of another kind)",
        "1 candles open or close outside of their low and high; they were taken as they are",
    ]
    assert [text for text in table if "symbol is" not in text] == shared
    assert [text for text in file if "symbol is" not in text and "venue is" not in text] == shared
    assert "nothing says whose rows they are: the symbol is table:t" in table
    assert "nothing says whose rows they are: the symbol is `prices`, by the name of the file" in file


def test_plans_schemas_and_lookahead_know_tables(tape: Path) -> None:
    """EXPLAIN, DESCRIBE and the schema work as ever, and a later table of the same name is read anew."""
    with tapeql.connect(tape, now=NOW) as db:
        text = "CANDLES 15m FROM $t WHERE volume > avg(volume) OVER ALL"
        assert "table:t" in db.explain(text, t=minutes())
        assert "READ_PARQUET" in db.explain("CANDLES 15m FROM $t", "sql", t=minutes())
        assert db.schema(text, t=minutes()).equals(db.query(text, t=minutes()).schema, check_metadata=True)
        assert "N301" in [note.code for note in db.run(text, t=minutes()).info["notes"]]
        assert db.query("DESCRIBE CANDLES 15m FROM $t", t=minutes()).num_rows == 16
        one, other = (db.query("CANDLES 15m FROM $t SELECT close", t=minutes() + more) for more in (0, 5))
        assert not one.equals(other)


@pytest.mark.parametrize(
    ("text", "params", "code", "words", "hint"),
    [
        ("CANDLES 1h FROM $t", {}, "E108", "$t", "bind it"),
        ("CANDLES 1h FROM $t", {"t": 5}, "E201", "$t", "Arrow stream"),
        ("CANDLES 1h FROM $t", {"t": "trades.csv"}, "E201", "$t", "`FROM 'trades.csv'`"),
        ("CANDLES 1h FROM $t", {"t": minutes()[:1]}, "E406", "$t", "a column `interval` says it"),
        ("CANDLES 1h FROM $t", {"t": minutes()["close"]}, "E406", "$t", "columns"),
        ("CANDLES 1h FROM $t", {"t": minutes().reset_index(drop=True)}, "E406", "$t", "columns"),
        ("CANDLES 1h FROM $t", {"t": minutes()[:0]}, "E406", "$t", ""),
        ("CANDLES 1h FROM $t", {"t": minutes().assign(close=np.nan, high=np.inf)}, "E406", "$t", "$t:1"),
        (
            "CANDLES 1h FROM $t",
            {"t": pd.DataFrame({"ts": [1, 2], "price": 1.0, "qty": 1.0})},
            "E406",
            "$t",
            "pd.to_datetime",
        ),
        ("CANDLES 1h FROM $t AS x:*", {"t": minutes()}, "E103", "x:*", "AS nasdaq:AAPL"),
        ("CANDLES 1h FROM x:y WHERE close > $t", {"t": minutes()}, "E108", "$t", ""),
        ("CANDLES 1h FROM $t, x:y", {"t": minutes()}, "E103", "x:y", ""),
        (
            "CANDLES 1h FROM $t AS lse:VOD",
            {"t": minutes().tz_localize(None).rename_axis("ts").reset_index().astype({"ts": str})},
            "E406",
            "$t AS lse:VOD",
            "TZ Europe/London",
        ),
    ],
)
def test_what_is_wrong_is_told_at_its_place(
    text: str, params: dict[str, Any], code: str, words: str, hint: str
) -> None:
    """A parameter that is missing or no table, a table without a time, rows that cannot be used."""
    with pytest.raises(tapeql.QueryError) as caught:
        tapeql.query(text, **params)
    found = next(d for d in caught.value.diagnostics if d.code == code)
    assert text[found.span.start : found.span.end] == words
    assert hint in " ".join(found.hints)
    assert found.reason
    assert "--" not in str(caught.value)


def test_other_values_are_still_refused() -> None:
    """What is neither a value nor a table is a TypeError, as ever."""
    with pytest.raises(TypeError, match=r"parameter `t` is a list; give a number, .* or a table"):
        tapeql.query("CANDLES 1h FROM $t", t=[1, 2])


def test_a_server_takes_no_tables(server: Server) -> None:
    """The client says so before anything travels, at the parameter's place."""
    text = "CANDLES 1h FROM $t"
    with tapeql.connect(server.address) as db:
        for ask in (db.query, db.schema):
            with pytest.raises(tapeql.QueryError) as caught:
                ask(text, t=minutes())
            (found,) = caught.value.diagnostics
            assert (found.code, text[found.span.start : found.span.end]) == ("E511", "$t")


def test_the_room_of_the_name_is_still_there() -> None:
    """`tapeql.query` is called, and is the package of its name at the same time."""
    import tapeql.query.durations as room

    assert callable(tapeql.query)
    assert room.DAY_US == 86_400_000_000


@pytest.mark.parametrize("kind", ["frame", "arrow"])
def test_tz_is_the_zone_of_times_without_one(kind: str) -> None:
    """As it is of times in text."""
    aware = minutes()
    naive = aware.tz_localize(None)
    given = naive if kind == "frame" else pa.table(naive.rename_axis("ts").reset_index())
    asked = tapeql.query(f"{SENTENCE} TZ America/New_York", t=given)
    assert asked.column("ts").equals(tapeql.query(SENTENCE, t=aware).column("ts"))
