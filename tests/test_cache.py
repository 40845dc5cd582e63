"""What processes keep for one another: whole, one's own, and never needed."""

from __future__ import annotations

import os
import subprocess
import sys
from multiprocessing.pool import ThreadPool
from pathlib import Path

import numpy as np
import pytest

from tapeql import cache
from tapeql.calendars import schedule
from tapeql.language import table
from tapeql.language.parse import parse


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "kept"))
    return tmp_path / "kept"


def stored(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def test_what_is_kept_is_had_under_its_key_alone(folder: Path) -> None:
    cache.store("numbers", b"version 1", b"\x00one")
    assert cache.load("numbers", b"version 1") == b"\x00one"
    assert cache.load("numbers", b"version 2") is None
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [b"", b"short", None])
def test_what_is_damaged_is_not_there_and_is_kept_anew(folder: Path, damage: bytes | None) -> None:
    cache.store("numbers", b"key", b"content")
    path = stored(folder)
    path.write_bytes(path.read_bytes()[:-1] + b"!" if damage is None else damage)
    assert cache.load("numbers", b"key") is None
    cache.store("numbers", b"key", b"content")
    assert cache.load("numbers", b"key") == b"content"


def test_what_others_may_write_is_not_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store("numbers", b"key", b"content")
    path = stored(folder)
    for mode in (0o620, 0o602):
        path.chmod(mode)
        assert cache.load("numbers", b"key") is None
    path.chmod(0o600)
    assert cache.load("numbers", b"key") == b"content", "control"
    path.rename(folder / "elsewhere")
    path.symlink_to(folder / "elsewhere")
    assert cache.load("numbers", b"key") is None, "a link may lead anywhere"
    path.unlink()
    os.mkfifo(path)
    assert cache.load("numbers", b"key") is None, "and a pipe is not waited for"


def test_a_strangers_file_is_not_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.store("numbers", b"key", b"content")
    owner = stored(folder).stat().st_uid
    if owner == 0:
        os.chown(stored(folder), 65_534, 65_534)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert cache.load("numbers", b"key") is None


def test_where_nothing_can_be_kept_all_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for place in ("off", str(tmp_path / "file" / "below"), "/proc/none"):
        monkeypatch.setenv(cache.VARIABLE, place)
        cache.store("numbers", b"key", b"content")
        assert cache.load("numbers", b"key") is None


def test_of_many_writers_each_leaves_a_whole_file(folder: Path) -> None:
    contents = [bytes([n]) * 100_000 for n in range(20)]
    with ThreadPool(8) as pool:
        pool.map(lambda content: cache.store("numbers", b"key", content), contents)
    assert cache.load("numbers", b"key") in contents
    assert len(list(folder.iterdir())) == 1, "no drafts stay"


def test_what_older_versions_left_goes(folder: Path) -> None:
    cache.store("numbers", b"old", b"content")
    os.utime(stored(folder), (0, 0))
    cache.store("others", b"key", b"content")
    cache.store("numbers", b"new", b"content")
    assert [cache.load(*each) for each in (("numbers", b"old"), ("others", b"key"), ("numbers", b"new"))] == [
        None,
        b"content",
        b"content",
    ]


def test_a_kept_table_parses_as_a_made_one(folder: Path) -> None:
    """All states and what each accepts, in the same order: messages list what was expected."""
    made = table._made()
    kept = table._loaded(table._dumped(made))
    automata = [each.parser.parser._parse_table for each in (made, kept)]
    assert automata[0].states == automata[1].states
    assert [list(actions) for actions in automata[0].states.values()] == [
        list(actions) for actions in automata[1].states.values()
    ]
    table.parser.cache_clear()
    parse("CANDLES 1h FROM a:B WHERE close > sma(20)")
    kept_folder = sorted(path.name.partition("-")[0] for path in folder.iterdir())
    table.parser.cache_clear()
    assert kept_folder == ["grammar"]


@pytest.mark.parametrize("calendar", ["XNYS", "XHKG", "forex"])
def test_kept_sessions_are_the_librarys(folder: Path, calendar: str) -> None:
    made = schedule._kept(calendar)
    assert stored(folder).name.startswith(f"{calendar}-")
    kept = schedule._kept(calendar)
    assert made.shape == kept.shape
    assert np.array_equal(made, kept)


def test_a_plain_query_loads_only_what_it_needs(folder: Path, tmp_path: Path) -> None:
    """Each of these costs a start more than all our own modules; a lake of trades is asked with warm caches."""
    program = f"""
import sys
sys.argv = ["tapeql", "--lake", {str(tmp_path / "lake")!r}, "query", sys.argv[1], *sys.argv[2:]]
from tapeql.shell.cli import main
status = main()
heavy = ["pandas", "pandas_market_calendars", "exchange_calendars", "talib", "duckdb", "sqlglot", "rich", "psycopg"]
print([name for name in [*heavy, "asyncio"] if name in sys.modules], status, file=sys.stderr)
"""
    rows = tmp_path / "trades.csv"
    rows.write_text("ts,price,quantity\n2025-03-10T14:00:00Z,10,1\n2025-03-11T15:00:00Z,12,3\n")
    imported = ["import", "trades", str(rows), "--symbol", "nasdaq:AAPL"]
    command = [sys.executable, "-m", "tapeql", "--lake", str(tmp_path / "lake")]
    subprocess.run([*command, *imported], check=True, capture_output=True)
    subprocess.run([*command, "query", "CANDLES 1h FROM nasdaq:AAPL"], check=True, capture_output=True)
    for text, more in {
        "CANDLES 1h FROM nasdaq:AAPL": [],
        "CANDLES 1h FROM nasdaq:AAPL WHERE premarket OR close > sma(2) ADD session": ["--format", "csv"],
        "DAYS FROM nasdaq:AAPL WHERE volume > 1 ORDER BY volume DESC LIMIT 1": ["--format", "json"],
        "TICKS FROM nasdaq:AAPL WHERE price >= 12 AND exchange = 'nasdaq'": [],
        "SHOW symbols": [],
    }.items():
        said = subprocess.run([sys.executable, "-c", program, text, *more], capture_output=True, text=True)
        assert said.stderr.splitlines()[-1:] == ["[] 0"], (text, said.stderr)
        assert "nasdaq" in said.stdout
