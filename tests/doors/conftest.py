"""One synthetic tape, the command, and a real server, for the tests of the doors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tapeql.shell.demo import make
from tapeql.shell.demo_tape import NOW
from tests.doors.processes import Run, Server, here, start


@pytest.fixture(scope="session")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the demo's synthetic tape."""
    folder = tmp_path_factory.mktemp("doors") / "tape"
    make(folder)
    return folder


@pytest.fixture(scope="session")
def server(tape: Path) -> Iterator[Server]:
    """A server of the tape, shared by all tests that do not stop it."""
    running = start(tape)
    yield running
    assert running.stop() == 0


@pytest.fixture
def ask(tape: Path) -> Run:
    """`tapeql --lake TAPE …` at the demo's time, in this process."""
    return lambda *arguments, **options: here("--lake", str(tape), "--now", NOW, *arguments, **options)
