"""Files and pipes: every format a result can be written in, one module each, found by its name.

A format module offers `SUFFIX` (of files that hold it) and `write(result, sink)`, which streams the batches of a
`tapeql.run.result.Result` into a binary file object and never holds more than one of them.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast

if TYPE_CHECKING:
    from tapeql.run.result import Result


class Format(Protocol):
    """What a format module offers."""

    SUFFIX: str

    def write(self, result: Result, sink: BinaryIO) -> None: ...


@functools.cache
def names() -> tuple[str, ...]:
    """The names of all formats, without importing any of them."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(__path__)))


def load(name: str) -> Format:
    """The format of a name that `names` knows."""
    return cast(Format, importlib.import_module(f"{__name__}.{name}"))


def by_suffix(path: str) -> str | None:
    """The format a file's name asks for, None if it asks for none."""
    return next((name for name in names() if path.lower().endswith(load(name).SUFFIX)), None)
