"""What holds of every command, found by its file."""

from __future__ import annotations

import contextlib
import io

import pytest

from tapeql.shell.cli import main
from tapeql.shell.command import REFUSED
from tapeql.shell.commands import commands


@pytest.mark.parametrize("name", [command.name for command in commands()])
def test_a_command_tells_what_it_takes(name: str) -> None:
    """`--help` ends with 0 and says what the command is for; what nobody knows is refused with 2."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    summary = next(command.summary for command in commands() if command.name == name)
    assert " ".join(summary.split()) in " ".join(out.getvalue().split())
    with contextlib.redirect_stderr(err), pytest.raises(SystemExit) as refused:
        main([name, "--no-such-thing"])
    assert refused.value.code == REFUSED
    assert "Traceback" not in err.getvalue()
