"""A simulated exchange and a collector as processes of their own, and what each has taken: CPU seconds, memory."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
MUCH: Final = 1_000_000
"""A weight limit that a minute of Binance squeezed into seconds does not reach."""

START_S: Final = 60.0
KINDS: Final = ("ticks", "quotes", "book")


@dataclass(frozen=True, slots=True)
class Taken:
    """Of a process, from its start on."""

    cpu_s: float
    resident_mb: float


def taken(pid: int) -> Taken:
    """From /proc: Linux only, as the benchmarks' machines are."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Taken(cpu_s, int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6)


class Simulator:
    """`python -m tests.exchange` and its controls."""

    def __init__(self, process: subprocess.Popen[str], ws_url: str, rest_url: str) -> None:
        self.pid = process.pid
        self.ws_url = ws_url
        self.rest_url = rest_url

    def environ(self) -> dict[str, str]:
        """What points a collector at it."""
        return {
            "TAPEQL_BINANCE_WS_URL": self.ws_url,
            "TAPEQL_BINANCE_REST_URL": self.rest_url,
            "TAPEQL_BINANCE_WEIGHT_LIMIT": str(MUCH),
        }

    def state(self) -> dict[str, Any]:
        return asked(f"{self.rest_url}/control/state")

    def command(self, text: str) -> dict[str, Any]:
        return asked(f"{self.rest_url}/control/{text}", method="POST")

    def subscribed(self, stream: str) -> None:
        """Waits until somebody has asked for a stream."""
        until(lambda: any(stream in streams for streams in self.state()["sockets"].values()), f"a client of {stream}")


@dataclass(frozen=True, slots=True)
class Collecting:
    """A running `tapeql collect`."""

    pid: int
    port: int

    def status(self) -> dict[str, Any]:
        return asked(f"http://127.0.0.1:{self.port}/status")

    def live(self, kinds: int) -> None:
        """Waits until every symbol is live."""
        until(
            lambda: all(len(each["live"]) == kinds for each in self.status()["venues"][0]["symbols"]),
            "a collector that hears everything",
        )


@contextlib.contextmanager
def simulator(symbols: Sequence[str], *options: str) -> Iterator[Simulator]:
    command = [sys.executable, "-m", "tests.exchange", "--venue", "binance", "--symbols", ",".join(symbols), *options]
    with _running(command, {}, subprocess.DEVNULL) as process:
        assert process.stdout is not None
        yield Simulator(process, **json.loads(process.stdout.readline()))


@contextlib.contextmanager
def collector(
    symbols: Sequence[str], kinds: Sequence[str], environ: dict[str, str], folder: Path, place: Sequence[str] = ()
) -> Iterator[Collecting]:
    """Into a lake in the folder, or where `place` says; its log lies beside."""
    command = [
        *(sys.executable, "-m", "tapeql", "collect", f"binance:{','.join(symbols)}"),
        *(f"--{kind}" for kind in kinds),
        *("--journal", str(folder / "journal"), "--metrics", "127.0.0.1:0"),
        *(place or ("--lake", str(folder / "lake"))),
    ]
    with open(folder / "collector.log", "w") as log, _running(command, environ, log) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if "/status" not in line:
            raise SystemExit(f"the collector does not start:\n{(folder / 'collector.log').read_text()}")
        yield Collecting(process.pid, int(line.rpartition("/status")[0].rpartition(":")[2]))


def asked(url: str, method: str = "GET") -> dict[str, Any]:
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=120) as reply:
        said: dict[str, Any] = json.load(reply)
    return said


def until(done: Callable[[], bool], what: str, *, wait_s: float = START_S, every_s: float = 0.1) -> None:
    """Asks until it is so. SystemExit where it does not come."""
    deadline_s = time.monotonic() + wait_s
    while not done():
        if time.monotonic() > deadline_s:
            raise SystemExit(f"waited {wait_s:.0f} s for {what}")
        time.sleep(every_s)


@contextlib.contextmanager
def _running(command: Sequence[str], environ: dict[str, str], log: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=log, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
