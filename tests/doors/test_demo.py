"""`tapeql demo`, as somebody runs it first."""

from __future__ import annotations

from pathlib import Path

import tapeql as tapeql_package
from tapeql.shell.demo import PICTURE, SENTENCES
from tapeql.shell.demo_tape import tapes
from tests.doors.processes import tapeql


def test_the_demo_shows_everything_and_is_the_same_every_time(tmp_path: Path) -> None:
    """Label, sentences, answers, their SQL and a picture; a second run adds nothing and prints the same."""
    runs = [tapeql("demo", "tape", cwd=str(tmp_path)) for _ in range(2)]
    for done in runs:
        assert done.returncode == 0, done.stderr
    shown = runs[0].stdout
    assert runs[1].stdout == shown
    assert "SYNTHETIC" in shown
    for _, sentence in SENTENCES:
        assert f"    {sentence}\n" in shown
    assert shown.count(" rows)") == len(SENTENCES)
    assert "(0 rows" not in shown
    assert shown.count("the SQL it became") == len(SENTENCES)
    assert shown.count("SELECT") >= len(SENTENCES)
    assert PICTURE in shown
    assert "█" in shown
    assert "░" in shown
    assert (tmp_path / "tape" / "SYNTHETIC.txt").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["tape"]
    with tapeql_package.connect(tmp_path / "tape") as database:
        counts = {row["symbol"]: row["trades"] for row in database.query("SHOW symbols").to_pylist()}
    assert counts == {tape.symbol.partition(":")[2]: tape.trades.num_rows for tape in tapes()}


def test_the_demo_keeps_out_of_other_folders(tmp_path: Path) -> None:
    """Not the current folder, and not one that holds something else."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for folder in (".", "full", "full/file"):
        done = tapeql("demo", folder, cwd=str(tmp_path))
        assert done.returncode == 2
        assert done.stdout == ""
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["file", "full"]


def test_the_tape_is_made_from_its_seed() -> None:
    """Two makings are equal; quotes never cross, and every row is usable."""
    for once, again in zip(tapes(), tapes(), strict=True):
        assert once.trades.equals(again.trades)
        assert once.quotes.equals(again.quotes)
        quotes = once.quotes.to_pandas()
        assert (quotes.bid < quotes.ask).all()
        assert (once.trades.to_pandas()[["price", "quantity"]] > 0).all().all()
        assert once.trades.to_pandas().ts.is_monotonic_increasing
