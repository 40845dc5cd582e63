"""The command and the server as processes of their own, as a user has them."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tapeql.shell.cli import main
from tapeql.shell.demo_tape import NOW

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def environment() -> dict[str, str]:
    """The test's own environment without what would point the command elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TAPEQL_")}
    return {**kept, "COLUMNS": "200"}


def tapeql(*arguments: str, text: bool = True, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs the command as a user would, in a process of its own."""
    settings = {"capture_output": True, "timeout": 120, "env": environment(), "text": text, **options}
    return subprocess.run([sys.executable, "-m", "tapeql", *arguments], **settings)  # type: ignore[call-overload]


def here(*arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:
    """The same command in this process: quicker, where it does not matter that it is a process of its own."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(input.encode()), "utf-8")
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(arguments)
            except SystemExit as usage:
                status = int(usage.code or 0)
            out.flush()
    finally:
        sys.stdin = stdin
    return subprocess.CompletedProcess(arguments, status, out.buffer.getvalue().decode(), err.getvalue())  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Server:
    """A `tapeql serve` in a process of its own."""

    process: subprocess.Popen[str]
    address: str

    def cpu_s(self) -> float:
        """CPU seconds the server has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)


def start(lake: str | Path, *command: str) -> Server:
    """Starts a server on a free port and waits until it says that it is ready."""
    command = command or (sys.executable, "-m", "tapeql")
    arguments = [*command, "--lake", str(lake), "--now", NOW, "serve", "--flight", "127.0.0.1:0"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    line = process.stdout.readline()
    if "grpc://" not in line:
        process.kill()
        assert process.stderr is not None
        pytest.fail(f"the server did not start: {line}{process.stderr.read()}")
    return Server(process, line.rsplit(maxsplit=1)[-1])
