"""The command: what it prints, where, and with which exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tapeql import __version__
from tapeql.shell.demo_tape import NOW
from tests.doors.processes import Run, environment, here, start, tapeql

BARS = "CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10"

HEAVY = ("duckdb", "lark", "numpy", "pandas", "pyarrow", "rich", "sqlglot", "talib", "prompt_toolkit", "psycopg")


def test_help_loads_nothing_heavy() -> None:
    """`tapeql --help` answers from the standard library alone, so it answers at once."""
    code = "import sys\nfrom tapeql.shell.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
    code += f"print('loaded', *[m for m in {HEAVY!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment())
    assert shown.stdout.splitlines()[-1] == "loaded"
    for command in ("query", "import", "serve", "repl", "demo", "explain"):
        assert f"    {command} " in shown.stdout


def test_importing_tapeql_loads_nothing_heavy() -> None:
    """`import tapeql` costs nothing; its names are there all the same."""
    code = f"import sys, tapeql\nprint([m for m in {HEAVY!r} if m in sys.modules], 'connect' in dir(tapeql))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment())
    assert shown.stdout.strip() == "[] True"


def test_version() -> None:
    """`tapeql --version` names the version."""
    assert tapeql("--version").stdout == f"tapeql {__version__}\n"


def test_a_table_is_the_default(ask: Run) -> None:
    """The answer is a table on standard output that counts its rows."""
    done = ask("query", BARS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split()[:4] == ["symbol", "exchange", "interval", "ts"]
    assert done.stdout.splitlines()[-1] == "(24 rows)"


def test_csv_and_json_say_the_same(ask: Run) -> None:
    """Both text formats write instants in ISO 8601 UTC and the same numbers."""
    rows = list(csv.DictReader(io.StringIO(ask("query", BARS, "--format", "csv").stdout)))
    objects = json.loads(ask("query", BARS, "--format", "json").stdout)
    assert [r["ts"] for r in rows][:2] == ["2025-03-10T00:00:00Z", "2025-03-10T01:00:00Z"]
    assert [o["ts"] for o in objects] == [r["ts"] for r in rows]
    assert [o["close"] for o in objects] == [float(r["close"]) for r in rows]
    assert objects[0]["session"] is None
    assert rows[0]["session"] == ""


def test_output_files_take_their_format_from_their_name(ask: Run, tmp_path: Path) -> None:
    """`-o x.parquet` and `-o x.arrow` hold the same table."""
    for name in ("bars.parquet", "bars.arrow"):
        done = ask("query", BARS, "-o", str(tmp_path / name))
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    arrow = pa.ipc.open_file(str(tmp_path / "bars.arrow")).read_all()
    assert arrow.num_rows == 24
    assert pq.read_table(tmp_path / "bars.parquet").equals(arrow)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bars.arrow", "bars.parquet"]


def test_a_failed_query_leaves_the_output_file_alone(ask: Run, tmp_path: Path) -> None:
    """A file is replaced by a whole answer or not at all, and keeps its mode."""
    place = tmp_path / "bars.csv"
    place.write_text("before")
    place.chmod(0o640)
    assert ask("query", "CANDLES 1h FROM binance:BTCUSDT WHERE closee > 1", "-o", str(place)).returncode == 2
    assert place.read_text() == "before"
    assert ask("query", BARS, "-o", str(place)).returncode == 0
    assert place.read_text().startswith("symbol,")
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert [p.name for p in tmp_path.iterdir()] == ["bars.csv"]


def test_a_killed_query_leaves_the_output_file_alone(tape: Path, tmp_path: Path) -> None:
    """Ctrl-C while a file is written removes what was written so far."""
    place = tmp_path / "bars.csv"
    place.write_text("before")
    query = "CANDLES 1s FROM binance:BTCUSDT FILL previous"
    command = [sys.executable, "-m", "tapeql", "--lake", str(tape), "--now", NOW, "query", query, "-o", str(place)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
    until = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 1
    assert process.stderr is not None
    assert process.stderr.read().strip() == "tapeql: stopped"
    assert [p.name for p in tmp_path.iterdir()] == ["bars.csv"]
    assert place.read_text() == "before"


def test_a_device_is_written_to_not_replaced(tape: Path) -> None:
    """`-o /dev/stdout` and the like stay what they are."""
    done = tapeql("--lake", str(tape), "query", BARS, "--format", "csv", "-o", "/dev/stdout")
    assert done.stdout.startswith("symbol,")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_wrong_query_points_at_the_word(tape: Path) -> None:
    """Exit status 2, nothing on standard output, and a caret under the word."""
    done = tapeql("--lake", str(tape), "query", "CANDLES 1h FROM binance:BTCUSDT WHERE close > smaa(20)")
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert lines[0].startswith("E102 ")
    assert lines[1].index("smaa") == lines[2].index("^")
    assert "did you mean `sma`" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("query",),
        ("query", BARS, "--format", "xml"),
        ("query", BARS, "--param", "novalue"),
        ("query", BARS, "--url", "http://localhost:1"),
        ("query", BARS, "--store", "mysql://localhost"),
        ("query", BARS, "--url", "grpc://127.0.0.1:1"),
        ("serve", "--flight", "8815"),
        ("explain", "E9999"),
        ("nothing",),
    ],
)
def test_a_wrong_command_line_exits_2(ask: Run, arguments: tuple[str, ...]) -> None:
    """Usage errors are told on standard error, without a traceback; a lake and a server at once are one, too."""
    done = ask(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_no_lake_is_a_failure_not_a_wrong_query(tmp_path: Path) -> None:
    """A folder with nothing in it exits 1, says so, and is not created by asking."""
    done = tapeql("--lake", str(tmp_path / "none"), "query", BARS)
    assert done.returncode == 1
    assert str(tmp_path / "none") in done.stderr
    assert not (tmp_path / "none").exists()


def test_a_server_that_is_not_there_exits_1() -> None:
    """Nobody at the address: exit status 1 and one line."""
    done = tapeql("query", BARS, "--url", "grpc://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr == "tapeql: no server answers at grpc://127.0.0.1:1\n"


def test_the_lake_comes_from_the_environment_or_is_tape(
    tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--lake`, before or after the command, else TAPEQL_LAKE, else ./tape."""
    asked = ("query", "SHOW symbols", "--format", "csv")
    monkeypatch.delenv("TAPEQL_LAKE", raising=False)
    by_flag, after = here("--lake", str(tape), *asked), here(*asked, "--lake", str(tape))
    (tmp_path / "tape").symlink_to(tape)
    monkeypatch.chdir(tmp_path)
    by_place = here(*asked)
    monkeypatch.setenv("TAPEQL_LAKE", str(tape))
    monkeypatch.chdir("/")
    by_name = here(*asked)
    assert by_flag.stdout == by_name.stdout == by_place.stdout == after.stdout
    assert by_flag.stdout.splitlines()[1].startswith("binance,BTCUSDT,24x7,")


def test_text_comes_from_standard_input_or_a_file(ask: Run, tmp_path: Path) -> None:
    """`-` and `@FILE` are where a long sentence lives."""
    (tmp_path / "q.tapeql").write_text(f"-- a comment\n{BARS};\n")
    plain = ask("query", BARS, "--format", "csv").stdout
    assert ask("query", "-", "--format", "csv", input=BARS).stdout == plain
    assert ask("query", f"@{tmp_path / 'q.tapeql'}", "--format", "csv").stdout == plain
    missing = ask("query", f"@{tmp_path / 'none'}")
    assert missing.returncode == 1
    assert "No such file" in missing.stderr


def test_parameters_are_typed(ask: Run) -> None:
    """Dates are text, numbers are numbers; a missing one is an error before anything runs."""
    query = "CANDLES 1h FROM binance:BTCUSDT DURING $day WHERE volume > $v"
    done = ask("query", query, "--param", "day=2025-03-10", "--param", "v=0.5", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)[0]["ts"].startswith("2025-03-10T")
    missing = ask("query", query, "--param", "day=2025-03-10")
    assert missing.returncode == 2
    assert "$v" in missing.stderr


def test_settings_may_come_first(ask: Run) -> None:
    """SETs before the query hold for it."""
    done = ask("query", f"SET tz = 'America/New_York'; {BARS}", "--format", "csv")
    assert done.stdout.splitlines()[1].split(",")[3] == "2025-03-10T04:00:00Z"
    two = ask("query", f"{BARS}; {BARS}")
    assert two.returncode == 2
    assert "only SET may come before" in two.stderr


def test_notes_are_told_beside_the_table_only(ask: Run) -> None:
    """A note goes to standard error with a table; a pipe of CSV hears only warnings."""
    sentence = "CANDLES 1h FROM binance:BTCUSDT WHERE premarket AND spread_pct<0.05 AND close > sma(20)"
    table = ask("query", sentence)
    assert table.returncode == 0, table.stderr
    assert any(line.startswith("N") for line in table.stderr.splitlines())
    piped = ask("query", sentence, "--format", "csv")
    assert not any(line.startswith("N") for line in piped.stderr.splitlines())


def test_a_reader_that_has_seen_enough_is_no_failure(tape: Path) -> None:
    """`tapeql query … | head -1` ends in silence."""
    query = "TICKS FROM binance:BTCUSDT"
    command = [sys.executable, "-m", "tapeql", "--lake", str(tape), "query", query, "--format", "csv"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b"symbol,")
    process.stdout.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""


@pytest.mark.parametrize("command", ["query 'SHOW symbols'", f"query '{BARS}' --format csv", "explain E102"])
@pytest.mark.parametrize(("place", "reason"), [("&-", "standard output is closed"), ("/dev/full", "No space left")])
def test_an_output_that_takes_nothing_is_a_failure(tape: Path, command: str, place: str, reason: str) -> None:
    """Exit status 1 and one line where standard output is closed or full."""
    line = f"{sys.executable} -m tapeql --lake {tape} {command} >{place}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60, env=environment())
    assert done.returncode == 1
    assert done.stderr.startswith("tapeql: ")
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_explain_tells_the_story_of_a_code() -> None:
    """`tapeql explain E102` says more than the message did."""
    done = tapeql("explain", "e102")
    assert done.returncode == 0
    assert done.stdout.startswith("E102")
    assert len(done.stdout) > 100


@pytest.mark.parametrize(
    ("statement", "columns"),
    [
        ("SHOW symbols", "exchange,symbol,calendar,trades,quotes,candles,start,end"),
        ("SHOW functions", "name,call,outputs,title"),
        ("SHOW sessions", "calendar,session,session_date,start,end"),
        ("SHOW sources", "exchange,symbol,table,interval,parts,rows,start,end"),
        ("DESCRIBE rsi", "property,value"),
        (f"DESCRIBE {BARS}", "column,type"),
        (f"EXPLAIN plan {BARS}", "line"),
        (f"EXPLAIN sql {BARS}", "line"),
        (f"EXPLAIN warmup {BARS} WHERE close > sma(20)", "line"),
        ("SET tz = 'UTC'", "name,value"),
    ],
)
def test_statements_answer_as_tables(ask: Run, statement: str, columns: str) -> None:
    """SHOW, DESCRIBE, EXPLAIN and SET answer in every format, with fixed columns."""
    done = ask("query", statement, "--format", "csv")
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header == columns
    assert rows


def test_explain_is_readable_in_the_terminal(ask: Run) -> None:
    """EXPLAIN prints text, not a framed column."""
    done = ask("query", f"EXPLAIN sql {BARS}")
    assert done.stdout.upper().lstrip().startswith(("SELECT", "WITH"))


def test_no_message_drives_the_terminal(tape: Path, tmp_path: Path) -> None:
    """Control characters of names and data are written out in messages and tables; CSV keeps the data as it is."""
    wild = "\x1b[31mt1\x9b"
    for refused in (
        here("--lake", f"{tmp_path}/{wild}", "query", "SHOW symbols"),
        here("--lake", str(tape), "query", f"CANDLES 1h FROM binance:BTCUSDT WHERE close > '{wild}'"),
        here("--lake", str(tape), "import", "trades", f"{tmp_path}/{wild}.csv", "--symbol", "binance:BTCUSDT"),
    ):
        assert refused.returncode != 0
        assert refused.stderr.replace("\n", "").isprintable()
    (tmp_path / "wild.csv").write_text(f"ts,price,quantity,trade_id\n2025-03-10T00:00:00Z,1,2,{wild}\n")
    lake = ("--lake", str(tmp_path / "lake"))
    brought = here(*lake, "import", "trades", str(tmp_path / "wild.csv"), "--symbol", "binance:BTCUSDT")
    assert brought.returncode == 0, brought.stderr
    assert r"\x1b[31mt1\x9b" in here(*lake, "query", "TICKS FROM binance:BTCUSDT").stdout
    assert wild in here(*lake, "query", "TICKS FROM binance:BTCUSDT", "--format", "csv").stdout


def test_an_output_that_cannot_be_made_is_named_as_it_was_asked_for(ask: Run, tmp_path: Path) -> None:
    """The path of `-o` and the folder that is missing, and no name of a file that nobody asked for."""
    place = tmp_path / "nosuch" / "a.csv"
    done = ask("query", BARS, "-o", str(place))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"tapeql: {place}: there is no folder {place.parent}\n"


@pytest.mark.parametrize("command", [("query", "SHOW symbols"), ("import", "trades", "a.csv", "--symbol", "nyse:A")])
def test_a_url_of_an_unknown_kind_is_no_folder(command: tuple[str, ...]) -> None:
    """Only folders, PostgreSQL and TapeQL servers can be asked; what else the URL says is not repeated."""
    done = here("--lake", "mysql://me:secret@host/db", *command)
    assert done.returncode == 1
    assert "mysql://" in done.stderr
    assert "postgresql://" in done.stderr
    assert "secret" not in done.stderr


def test_a_server_of_an_empty_lake_says_so(tmp_path: Path) -> None:
    """It starts, since the lake may be filled while it runs, and tells how to fill it."""
    lake = tmp_path / "nolake"
    server = start(lake)
    assert server.stop() == 0
    assert server.process.stderr is not None
    told = server.process.stderr.read()
    assert told.startswith(f"tapeql: there is no data at {lake}.")
    assert f"tapeql --lake {lake} import trades FILE" in told
    assert len(told.splitlines()) == 1
