"""Finds the grammar and reads its words, without building a parser."""

from __future__ import annotations

import functools
import re
from pathlib import Path


def path() -> Path:
    """`grammar/tapeql.lark`: beside the package's rooms when installed, at the top of a checkout."""
    here = Path(__file__).resolve()
    installed = here.parents[1] / "grammar" / "tapeql.lark"
    return installed if installed.exists() else here.parents[3] / "grammar" / "tapeql.lark"


@functools.cache
def text() -> str:
    return path().read_text(encoding="utf-8")


@functools.cache
def rules() -> dict[str, str]:
    """The right-hand side of every rule and terminal, by name."""
    lines = [line for line in text().splitlines() if line and not line.lstrip().startswith(("//", "%"))]
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        head = re.match(r"\??(\w+)(\.\d+)?:(.*)", line)
        if head:
            name = head[1]
        found[name] = f"{found.get(name, '')} {head[3] if head else line.strip()}"
    return found


def words(rule: str) -> tuple[str, ...]:
    """The words written in a rule, in order: its keywords, or the alternatives of a terminal such as UNIT."""
    return tuple(dict.fromkeys(re.findall(r'"(\w+)"', rules()[rule])))
