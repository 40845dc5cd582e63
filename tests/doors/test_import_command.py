"""`tapeql import`: files in, an account of every row out."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import pexpect
import pytest

from tests.doors.processes import environment, here

TRADES = """time,px,qty,side
1741613400123,101.5,2,buy
1741613401000,101.75,1,sell
1741613402000,101.25,4,buy
"""

MAPPED = ("--symbol", "binance:X", "--column", "ts=time", "--column", "price=px", "--column", "quantity=qty")


@pytest.fixture
def lake(tmp_path: Path) -> str:
    return str(tmp_path / "lake")


@pytest.fixture
def trades(tmp_path: Path) -> str:
    (tmp_path / "trades.csv").write_text(TRADES)
    return str(tmp_path / "trades.csv")


def test_importing_twice_changes_nothing(lake: str, trades: str) -> None:
    """The first import adds the rows, the second finds them there, and both count them."""
    command = ("--lake", lake, "import", "trades", trades, *MAPPED, "--time-unit", "ms")
    first, second = here(*command), here(*command)
    assert first.returncode == second.returncode == 0, first.stderr
    when = "2025-03-10T13:30:00.123000Z .. 2025-03-10T13:30:02Z"
    assert first.stdout == f"binance:X trades: 3 rows read, 3 added, {when}\n"
    assert second.stdout == f"binance:X trades: 3 rows read, 0 added, 3 already there, {when}\n"
    answer = here("--lake", lake, "query", "TICKS FROM binance:X SELECT ts, price, quantity", "--format", "csv")
    assert answer.stdout.splitlines()[1:] == [
        "2025-03-10T13:30:00.123000Z,101.5,2",
        "2025-03-10T13:30:01Z,101.75,1",
        "2025-03-10T13:30:02Z,101.25,4",
    ]


def test_candles_know_their_interval_zone_and_stamp(lake: str, tmp_path: Path) -> None:
    """Candles stamped by their close in New York are stored by their open in UTC."""
    file = tmp_path / "bars.csv.gz"
    file.write_bytes(gzip.compress(b"ts,open,high,low,close,volume\n2025-03-10 09:31:00,1,2,0.5,1.5,10\n"))
    flags = ("--symbol", "nyse:SPY", "--interval", "1m", "--stamp", "close", "--tz", "America/New_York")
    done = here("--lake", lake, "import", "candles", str(file), *flags)
    assert done.returncode == 0, done.stderr
    answer = here("--lake", lake, "query", "CANDLES 1m FROM nyse:SPY SELECT ts, close", "--format", "csv")
    assert answer.stdout == "ts,close\n2025-03-10T13:30:00Z,1.5\n"


def test_unusable_rows_are_refused_or_set_aside(lake: str, tmp_path: Path) -> None:
    """Nothing is imported by default, with file, line and reason; a quarantine takes them instead."""
    bad = tmp_path / "bad.csv"
    bad.write_text(TRADES + "soon,1,1,buy\n")
    command = ("--lake", lake, "import", "trades", str(bad), *MAPPED, "--time-unit", "ms")
    refused = here(*command)
    assert refused.returncode == 1
    assert "bad.csv" in refused.stderr
    assert "5" in refused.stderr
    assert not Path(lake, "ticks").exists()
    aside = here(*command, "--quarantine", str(tmp_path / "aside.csv"))
    assert aside.returncode == 0, aside.stderr
    assert "3 added, 1 set aside" in aside.stdout
    assert "soon" in (tmp_path / "aside.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("trades", "none.csv", "--symbol", "binance:X"), 1),
        (("trades", "none.csv"), 1),
        (("books", "none.csv", "--symbol", "binance:X"), 1),
        ((), 2),
        (("trades",), 2),
        (("trades", "none.csv", "--symbol", "binance:X", "--column", "ts"), 2),
        (("trades", "none.csv", "--symbol", "binance:X", "--column", "ts=a", "--column", "ts=b"), 2),
    ],
)
def test_what_cannot_be_imported_is_told(lake: str, arguments: tuple[str, ...], status: int) -> None:
    """Wrong flags exit 2, wrong files 1; neither makes a lake."""
    done = here("--lake", lake, "import", *arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr
    assert not Path(lake).exists()


KLINES = "1735689600000000,10,12,9,11,2,1735689659999999,22,7,1,11,0\n1735689660000000,11,12,10,11,2,1735689719999999,21,5,1,11,0\n"


def test_a_file_says_what_it_is(lake: str, tmp_path: Path) -> None:
    """Without a flag: kind, symbol, interval and columns are told by the file; a dry run tells them and stores nothing."""
    (tmp_path / "BTCUSDT-1m-2025-01-01.csv").write_text(KLINES)
    foreseen = here("--lake", lake, "import", "--dry-run", str(tmp_path))
    assert foreseen.returncode == 0, foreseen.stderr
    told = dict(line.strip().split("  ", 1) for line in foreseen.stdout.splitlines() if line.startswith("  "))
    assert {name: text.strip() for name, text in told.items()} == {
        "source": "Binance Vision klines",
        "kind": "1m candles",
        "symbols": "binance:BTCUSDT 2 rows",
        "zone": "in the times themselves",
        "first": "2025-01-01T00:00:00Z",
        "last": "2025-01-01T00:01:00Z",
        "columns": "ts=#1, open=#2, high=#3, low=#4, close=#5, volume=#6, trades=#9, quote_volume=#8",
        "left aside": "#7, #10, #11, #12",
    }
    assert "nothing was stored" in foreseen.stdout
    assert not Path(lake).exists()
    done = here("--lake", lake, "import", str(tmp_path))
    assert done.stdout.startswith("binance:BTCUSDT 1m candles: 2 rows read, 2 added")
    answer = here(
        "--lake", lake, "query", "CANDLES 1m FROM binance:BTCUSDT SELECT close, trades, vwap", "--format", "csv"
    )
    assert answer.stdout.splitlines()[1:] == ["11,7,11", "11,5,10.5"]


def test_what_a_file_does_not_say_is_asked_for(lake: str, tmp_path: Path) -> None:
    """All that is missing is asked for at once, a flag each."""
    (tmp_path / "bars.csv").write_text("time,open,high,low,close\n2025-01-02 10:00,1,2,1,2\n")
    done = here("--lake", lake, "import", str(tmp_path / "bars.csv"))
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stderr.splitlines()[1:]] == ["--symbol", "--interval", "--tz"]
    assert not Path(lake).exists()


def test_one_symbol_of_many(lake: str, tmp_path: Path) -> None:
    """A column of symbols gives many symbols; --symbol picks one of them, and never takes all for it."""
    (tmp_path / "long.csv").write_text(
        "symbol,ts,price,size\nA,2025-01-02T10:00:00Z,1,1\nB,2025-01-02T10:00:00Z,2,1\nA,2025-01-02T10:00:01Z,3,1\n"
    )
    picked = here("--lake", lake, "import", str(tmp_path / "long.csv"), "--symbol", "nasdaq:A")
    assert picked.stdout.startswith("nasdaq:A trades: 3 rows read, 2 added, 1 skipped")
    none = here("--lake", lake, "import", str(tmp_path / "long.csv"), "--symbol", "nasdaq:C")
    assert none.returncode == 1
    assert "it holds A, B" in none.stderr
    every = here("--lake", lake, "import", str(tmp_path / "long.csv"), "--venue", "nasdaq")
    assert every.stdout.startswith("nasdaq:A, nasdaq:B trades: 3 rows read, 1 added, 2 already there")


def test_the_formats_are_listed(lake: str) -> None:
    listed = here("import", "--formats")
    assert any(line.startswith("binance-klines ") for line in listed.stdout.splitlines())


def test_a_terminal_sees_progress(lake: str, trades: str) -> None:
    """A bar fills up on a terminal."""
    command = ["-m", "tapeql", "--lake", lake, "import", "trades", trades, *MAPPED, "--time-unit", "ms"]
    child = pexpect.spawn(sys.executable, command, env=environment(), encoding="utf-8", timeout=60)
    child.expect("100%")
    child.expect(r"3 rows .*/s .* s left  trades\.csv")
    child.expect("3 added")
    child.expect(pexpect.EOF)


def test_a_file_of_a_header_alone_has_no_rows(lake: str, tmp_path: Path) -> None:
    """It says so, in words."""
    (tmp_path / "a.csv").write_text("ts,price,quantity\n")
    done = here("--lake", lake, "import", str(tmp_path / "a.csv"), "--symbol", "x:A")
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}/a.csv has no rows: nothing was imported\n")


def test_a_field_that_is_misspelt_is_the_flags_fault(lake: str, tmp_path: Path) -> None:
    """The message names it before it looks at the file."""
    (tmp_path / "a.csv").write_text("when,what,much\n1704067200,1,1\n")
    done = here("--lake", lake, "import", str(tmp_path / "a.csv"), "--column", "tss=wen")
    assert done.returncode == 1
    assert "--column tss=wen: there is no field 'tss'; did you mean ts=wen?" in done.stderr
    assert "a.csv" not in done.stderr
