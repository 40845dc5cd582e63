"""Text from files and servers as a terminal may have it: control characters are written out, not obeyed."""

from __future__ import annotations

from typing import Final

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0xA0))}
_IN_LINES: Final = {code: written for code, written in _CONTROLS.items() if chr(code) not in "\n\t"}


def cell(text: str) -> str:
    """One line: C0, DEL and C1 as `\\x1b`, a line end as a space."""
    return text.replace("\n", " ").translate(_CONTROLS)


def lines(text: str) -> str:
    """The same, but line ends and tabs stay."""
    return text.translate(_IN_LINES)
