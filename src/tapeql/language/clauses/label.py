"""LABEL open, LABEL close: which end of a bar is its `ts`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span
from tapeql.language.syntax import Clause


@dataclass(frozen=True, slots=True)
class Label(Clause):
    side: str
    span: Span

    def write(self) -> str:
        return self.side


def label(c: Children) -> Label:
    return Label(c[1].lower(), span(c))


RULES: Final = (label,)
