"""`tapeql check` and `tapeql fmt`, as people call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tapeql.shell.cli import main
from tapeql.storage.lake import Lake
from tests import tapes

MESSY = """set tz = 'America/New_York';
candles 1h from x:A where close == 3 && spread_pct < 0.0005; -- a
candles 1H from x:A where clsoe > sma(20)
"""

Told = pytest.CaptureFixture[str]


@pytest.fixture
def lake(tmp_path: Path) -> str:
    Lake(tmp_path / "tape").write("ticks", "x", "A", tapes.random_ticks("2025-03-10", 3600, 50, seed=1))
    return str(tmp_path / "tape")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "q.tapeql"
    path.write_text(MESSY)
    return path


def test_every_statement_of_a_file_is_told_in_its_place(lake: str, file: Path, capsys: Told) -> None:
    assert main(["check", "--lake", lake, "--json", str(file)]) == 2
    found = json.loads(capsys.readouterr().out)
    assert [(d["code"], d["line"], d["column"]) for d in found] == [("E007", 2, 33), ("E007", 2, 38), ("E008", 3, 9)]
    assert main(["check", "--lake", lake, str(file)]) == 2
    assert "= write `AND`" in capsys.readouterr().err
    assert file.read_text() == MESSY


def test_what_can_be_mended_is(lake: str, file: Path, capsys: Told) -> None:
    assert main(["check", "--lake", lake, "--fix", str(file)]) == 0
    lines = file.read_text().splitlines()
    assert lines[1] == "candles 1h from x:A where close = 3 AND spread_pct < 0.0005; -- a"
    assert lines[2] == "candles 1h from x:A where close > sma(20)"
    err = capsys.readouterr().err  # what is only doubtful is told, and left as it is
    assert "W201" in err
    assert "2 │" in err


def test_what_nothing_mends_is_told_after_what_was_mended(lake: str, file: Path, capsys: Told) -> None:
    file.write_text("days from x:A where nonsense > 1;\ncandles 1h from x:A where close == 3\n")
    assert main(["check", "--lake", lake, "--fix", str(file)]) == 2
    assert file.read_text().endswith("close = 3\n")
    err = capsys.readouterr().err
    assert "E101" in err
    assert "E007" not in err


def test_files_are_laid_out_or_only_named(file: Path, capsys: Told) -> None:
    assert main(["fmt", str(file)]) == 2  # `==` is no TapeQL: the file stays
    assert file.read_text() == MESSY
    assert "E007" in capsys.readouterr().err
    file.write_text(MESSY.replace("==", "=").replace("&&", "and").replace("1H", "1h"))
    assert main(["fmt", "--check", str(file)]) == 1
    assert str(file) in capsys.readouterr().out
    assert main(["fmt", str(file)]) == 0
    assert file.read_text().splitlines()[0] == "SET tz = America/New_York;"
    assert main(["fmt", "--check", str(file)]) == 0


def test_folders_line_ends_and_files_that_say_nothing(tmp_path: Path, lake: str, capsys: Told) -> None:
    folder = tmp_path / "queries" / "of mine"
    folder.mkdir(parents=True)
    (folder / "a.tapeql").write_bytes(b"-- why\r\nticks from x:A -- all\r\n")
    (folder / "b.tapeql").write_bytes(b"")
    (folder / "c.tapeql").write_bytes(b"  -- to come\n")
    assert main(["fmt", str(tmp_path / "queries")]) == 0
    assert (folder / "a.tapeql").read_bytes() == b"-- why\r\nTICKS FROM x:A -- all\r\n"
    assert (folder / "c.tapeql").read_bytes() == b"  -- to come\n"
    assert main(["check", "--lake", lake, str(tmp_path / "queries")]) == 0
    assert main(["check", "--lake", lake, str(tmp_path / "tape")]) == 2
    assert ".tapeql" in capsys.readouterr().err
    assert main(["fmt", str(folder / "a.tapeql"), str(tmp_path / "none")]) == 1
