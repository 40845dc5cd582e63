"""Writers of a journal killed with SIGKILL, what is left, and what the guards are for."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tapeql.collect import frames
from tapeql.collect.journal import Journal
from tests.collect.journal_writer import payload

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 20


def killed(folder: Path, first: int, after_s: float) -> int:
    """Lets a process write from a number on, kills it, and gives the last number it had acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.collect.journal_writer", str(folder), str(first)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        line = writer.stdout.readline()
        time.sleep(after_s)
        writer.kill()
        whole = [line, *writer.stdout.read().splitlines(keepends=True)]
    return int([line for line in whole if line.endswith("\n")][-1])


def test_a_kill_at_any_moment_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """After each of 20 kills at random moments every acknowledged payload is there once, in order, and writing goes on."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    expected = 0
    for _ in range(ROUNDS):
        acknowledged = killed(tmp_path, expected, chance.uniform(0, 0.05))
        with Journal(tmp_path) as journal:
            found = [content for _, content in journal.read(0)]
        assert len(found) > acknowledged
        assert found == [payload(n) for n in range(len(found))]
        expected = len(found)
    assert len(list(tmp_path.glob("*.journal"))) > 1


def test_without_the_crc_and_the_cut_a_torn_end_is_given_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: unchecked frames, appended to where the torn one ends, give out a payload nobody wrote and lose others."""
    monkeypatch.setattr(frames, "crc32", lambda *_: 0)
    written = [payload(n) for n in range(20)]
    with Journal(tmp_path) as journal:
        journal.append(written[:10])
        last = journal.last
    (path,) = tmp_path.glob("*.journal")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 30)
    monkeypatch.setattr(Journal, "_scan", lambda self, segment: last)
    with Journal(tmp_path) as journal:
        journal.append(written[10:])
        found = [content for _, content in journal.read(0, lambda damage: None)]
    assert found[:9] == written[:9]
    assert found[9] not in written
    assert written[10] not in found
