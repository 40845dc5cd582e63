"""Ctrl-C at any moment."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tapeql.shell import interrupt
from tapeql.shell.demo_tape import NOW
from tests.doors.processes import environment, here

BARS = "CANDLES 1h FROM binance:BTCUSDT DURING 2025-03-10 ADD sma(20)"

SWALLOWER = """\
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000): pass
except BaseException:
    raise ImportError("swallowed") from None
"""


def load_and_wait(name: str) -> None:
    importlib.import_module(name)
    time.sleep(5)


def test_ctrl_c_waits_for_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module being loaded sees no interrupt, so it can neither swallow it nor break by it; it comes right after."""
    (tmp_path / "swallower.py").write_text(SWALLOWER)
    monkeypatch.syspath_prepend(str(tmp_path))
    with interrupt.listening():
        with pytest.raises(KeyboardInterrupt):
            load_and_wait("swallower")
        assert "swallower" in sys.modules
        assert interrupt.asked()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_that_a_library_swallows_still_stops_the_query(
    tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between batches and before a file is replaced the query asks whether it is still wanted."""
    from tapeql.export.formats import csv

    written = csv.write

    def swallowing(result: object, sink: object) -> None:
        written(result, sink)  # type: ignore[arg-type]
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            pass

    monkeypatch.setattr(csv, "write", swallowing)
    place = tmp_path / "bars.csv"
    done = here("--lake", str(tape), "--now", NOW, "query", BARS, "-o", str(place))
    assert (done.returncode, done.stderr.strip()) == (1, "tapeql: stopped")
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_that_became_another_error_is_told_as_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks because of an interrupt is no bug."""

    def breaking(lake: str, now: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            raise AttributeError("partially initialized module") from None

    monkeypatch.setattr("tapeql.shell.ask.connect", breaking)
    done = here("query", BARS)
    assert (done.returncode, done.stderr.strip()) == (1, "tapeql: stopped")


def test_ctrl_c_at_any_moment_stops_or_comes_too_late(tape: Path, tmp_path: Path) -> None:
    """Wherever a query is interrupted, the file is whole and the status 0, or there is no file and the status is not."""
    place = tmp_path / "bars.csv"
    command = [sys.executable, "-m", "tapeql", "--lake", str(tape), "--now", NOW, "query", BARS, "-o", str(place)]
    begun = time.monotonic()
    subprocess.run(command, check=True, timeout=60, env=environment())
    whole, took_s = place.read_bytes(), time.monotonic() - begun
    for share in (0.4, 0.6, 0.8, 0.95):
        place.unlink(missing_ok=True)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
        time.sleep(share * took_s)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=60)[1]
        assert "internal error" not in told
        assert [p.name for p in tmp_path.iterdir()] == (["bars.csv"] if place.exists() else [])
        assert (process.returncode == 0) <= place.exists(), told
        assert not place.exists() or place.read_bytes() == whole


def test_ctrl_c_stays_ignored_where_it_was() -> None:
    """A shell's background command ignores Ctrl-C, and so does ours there."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupt.listening():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
