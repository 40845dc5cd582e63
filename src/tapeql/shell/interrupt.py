"""Ctrl-C that is never lost: remembered, put off while modules load, and asked for between batches.

Libraries swallow a KeyboardInterrupt that comes while they are imported, or make another error of it. So one is raised
only outside of imports, and who is about to commit a result asks here whether it is still wanted.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, TypeVar

T = TypeVar("T")

_AGAIN_S: Final = 0.02
"""How soon a put off interrupt is tried again."""

_IMPORTING: Final = "<frozen importlib._bootstrap>"

_asked = False
_holds = 0


@contextmanager
def listening() -> Iterator[None]:
    """Takes Ctrl-C over from Python, where Python has it and this is the main thread."""
    global _asked
    _asked = False
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    alarm = signal.signal(signal.SIGALRM, _interrupt)
    signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGALRM, alarm)


@contextmanager
def held() -> Iterator[None]:
    """What happens inside is not interrupted; what was asked for meanwhile comes right after it."""
    global _holds
    _holds += 1
    try:
        yield
    finally:
        _holds -= 1


def asked() -> bool:
    """Whether someone has asked to stop since `listening` or `forget`."""
    return _asked


def forget() -> None:
    """The interrupt has been answered."""
    global _asked
    _asked = False


def check() -> None:
    """Raises KeyboardInterrupt if someone has asked to stop, whatever became of the first one."""
    if _asked:
        raise KeyboardInterrupt


def watched(batches: Iterable[T]) -> Iterator[T]:
    """The batches, with a `check` before each and after the last."""
    for batch in batches:
        check()
        yield batch
    check()


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _asked
    _asked = True
    if _holds or _imports(frame):
        signal.setitimer(signal.ITIMER_REAL, _AGAIN_S)
    else:
        raise KeyboardInterrupt


def _imports(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_filename != _IMPORTING:
        frame = frame.f_back
    return frame is not None
