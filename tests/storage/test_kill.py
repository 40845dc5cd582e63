"""Writers killed with SIGKILL, and what is left; each guard is also switched off, to see that it is what helps."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from tapeql.errors import StoreError
from tapeql.storage.lake import Lake
from tests import tapes
from tests.storage.writer import ROWS, SYMBOLS

ROOT = Path(__file__).resolve().parents[2]


class Writer:
    """A writing process; `acknowledged` are the commits it reported before it died."""

    def __init__(self, lake: Path, first: int, guard: str = "", count: int = 10**6) -> None:
        self.acknowledged: list[int] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.storage.writer", str(lake), str(first), guard, str(count)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.wait_for("ready")

    def go(self) -> Writer:
        """Lets it write."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return self

    def wait_for(self, word: str) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._hear(line)
            if line.startswith(word):
                return
        raise AssertionError(f"the writer never said {word!r}")

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self.finish()

    def finish(self) -> str:
        out, err = self._process.communicate(timeout=60)
        for line in out.splitlines():
            self._hear(line)
        return err

    def _hear(self, line: str) -> None:
        if line.startswith("done"):
            self.acknowledged.append(int(line.split()[1]))


def counts(lake: Path) -> dict[str, Counter[float]]:
    """How many rows each commit has in each symbol, as a fresh reader sees it."""
    snapshot = Lake(lake).snapshot()
    return {
        code: Counter(
            price
            for batch in snapshot.scan("ticks", "x", code, -(2**62), 2**62, ["price"])
            for price in batch.column(0).to_pylist()
        )
        for code in SYMBOLS
    }


def unlisted(lake: Path) -> set[str]:
    """Data files on disk that the lake does not list."""
    on_disk = {str(p.relative_to(lake)) for p in (lake / "ticks").rglob("*.parquet")}
    return on_disk - Lake(lake).current().paths()


def test_a_kill_at_any_moment_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """After SIGKILL at random moments every acknowledged commit is there, every commit is whole, and writing goes on."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    expected: set[float] = set()
    first = 0
    for _ in range(4):
        writer = Writer(tmp_path, first).go()
        writer.wait_for("done")
        time.sleep(chance.uniform(0, 0.15))
        writer.kill()
        expected.update(map(float, writer.acknowledged))
        found = counts(tmp_path)
        assert found["A"] == found["B"] == found["C"]
        assert set(found["A"].values()) == {ROWS}
        assert expected <= set(found["A"])
        first = int(max(found["A"])) + 1
    tapes.fill(Lake(tmp_path), trades={"x:A": tapes.ticks([("2025-03-10", 0.5, 1.0)])})
    assert unlisted(tmp_path) == set()


def test_a_kill_before_publishing_leaves_the_lake_as_it_was(tmp_path: Path) -> None:
    """Files written and not yet published are of no table, and the next writer removes them."""
    writer = Writer(tmp_path, 0, "stop").go()
    writer.wait_for("about")
    writer.kill()
    assert set(counts(tmp_path)["A"]) == {0.0}
    assert len(unlisted(tmp_path)) == 6
    Lake(tmp_path).write("ticks", "x", "A", tapes.ticks([("2025-03-10", 0.5, 1.0)]))
    assert unlisted(tmp_path) == set()
    assert counts(tmp_path)["B"] == {0.0: ROWS}


def test_without_atomic_publishing_a_kill_breaks_the_lake(tmp_path: Path) -> None:
    """Control: a manifest written in place and cut short leaves no lake to read."""
    writer = Writer(tmp_path, 0, "torn").go()
    writer.wait_for("half")
    writer.kill()
    with pytest.raises(StoreError, match="cannot be read"):
        counts(tmp_path)


def test_without_one_manifest_for_all_a_kill_tears_a_commit(tmp_path: Path) -> None:
    """Control: symbols committed one by one are left uneven."""
    writer = Writer(tmp_path, 0, "steps").go()
    writer.wait_for("done 0")
    writer.wait_for("step 1")
    writer.kill()
    found = Lake(tmp_path).snapshot()
    rows = {code: sum(p.rows for p in found.parts("ticks", "x", code)) for code in SYMBOLS}
    assert rows["A"] > rows["C"] or rows["A"] > 2 * ROWS


@pytest.mark.parametrize("guard", ["", "unlocked"])
def test_writers_in_several_processes(tmp_path: Path, guard: str) -> None:
    """Two processes at once: under the lock all commits arrive; without it (control) one of them fails or loses."""
    writers = [Writer(tmp_path, start, guard, 5) for start in (0, 100)]
    for writer in writers:
        writer.go()
    errors = [writer.finish() for writer in writers]
    found = counts(tmp_path)
    whole = found["A"] == found["B"] == found["C"] == Counter({float(n + s): ROWS for n in range(5) for s in (0, 100)})
    assert (whole and not any(errors)) == (guard == "")


def test_staged_rows_of_a_killed_import_are_removed(tmp_path: Path) -> None:
    """Rows spilled by a process that died go with the next commit after it; those of a living one stay."""
    lake = Lake(tmp_path)
    rows = tapes.random_ticks("2025-03-10", 3600, 500)
    with lake.begin() as living:
        living._staging.spill_bytes = 0
        living.add("ticks", "x", "A", rows)
        dead = tmp_path / "staging" / "dead"
        dead.mkdir()
        dead.with_suffix(".lock").touch()
        (dead / "0.arrow").write_bytes(b"rows")
        (tmp_path / ".lock").write_text("999999")
        lake.write("ticks", "x", "B", rows)
        assert not dead.exists()
        assert not dead.with_suffix(".lock").exists()
        assert living.commit().added == 500
    assert pa.Table.from_batches(lake.snapshot().scan("ticks", "x", "A", 0, 2**62, ["ts"])).num_rows == 500
