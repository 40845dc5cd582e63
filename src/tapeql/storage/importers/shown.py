"""Names and reasons out of files, as messages show them: one line, printable, not too long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

_NAME_CHARACTERS: Final = 60
_NAMES: Final = 40
_FILES: Final = 4


def shown(text: object) -> str:
    """The text with everything escaped that a terminal would not print as a character."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def listed(names: Iterable[str]) -> str:
    """Names between commas; long ones and long lists are cut, with an ellipsis."""
    rest = iter(names)
    first = [
        shown(name if len(name) <= _NAME_CHARACTERS else f"{name[:_NAME_CHARACTERS]}…") for name in islice(rest, _NAMES)
    ]
    return ", ".join([*first, "…"] if next(rest, None) is not None else first)


def several(labels: Sequence[str]) -> str:
    """The first few files, and how many more."""
    first, more = ", ".join(labels[:_FILES]), len(labels) - _FILES
    return f"{first} and {more:,} more" if more > 0 else first
