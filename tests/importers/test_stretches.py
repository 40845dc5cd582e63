"""Imports of more rows than one commit should hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapeql.errors import DataError
from tapeql.storage import import_files as importing
from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake
from tests.importers.stored import stored

HEAD = "time,price,size\n"
ROWS = 50


@pytest.fixture(autouse=True)
def small_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "IMPORT_COMMIT_ROWS", 2 * ROWS)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A file of trades a day."""

    def made() -> Iterator[Path]:
        for day in range(1, 8):
            path = tmp_path / "files" / f"2024-01-0{day}.csv"
            path.parent.mkdir(exist_ok=True)
            # Quotation marks: each file is looked at by itself.
            path.write_text(HEAD + "".join(f'"2024-01-0{day}T00:00:{n:02}Z",5,1\n' for n in range(ROWS)))
            yield path

    return list(made())


def _count(lake: Lake) -> int:
    return sum(map(len, stored(lake).values()))


def test_whole_files_are_committed_on_the_way(lake: Lake, files: list[Path]) -> None:
    report = import_files(lake, files, "x:A")
    assert report.added == _count(lake) == 7 * ROWS
    assert int(report.snapshot) == 4
    spans = lake.snapshot().coverage("ticks", "x", "A")
    assert len(spans) == 7


def test_what_was_stopped_goes_on(lake: Lake, files: list[Path]) -> None:
    def stop(file: str, done: float, rows: int) -> None:
        if rows > 5 * ROWS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_files(lake, files, "x:A", progress=stop)
    assert _count(lake) == 4 * ROWS
    again = import_files(lake, files, "x:A")
    assert (again.added, again.present) == (3 * ROWS, 4 * ROWS)
    assert _count(lake) == 7 * ROWS


def test_a_bad_row_leaves_what_was_committed(lake: Lake, files: list[Path]) -> None:
    """And the refusal says so."""
    files[5].write_text(files[5].read_text() + "2024-01-06T00:01:00Z,five,1\n")
    with pytest.raises(DataError, match=r"1 of 301 rows is unusable, so nothing but the 4 files before was imported"):
        import_files(lake, files, "x:A")
    assert _count(lake) == 4 * ROWS


def test_what_is_said_of_all_files_is_one_commit(lake: Lake, files: list[Path]) -> None:
    import_files(lake, files, "x:A", covers="2024-01-01 .. 2024-01-07")
    assert int(lake.snapshot().id) == 1
