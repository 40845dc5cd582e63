"""STYLE heikin_ashi: how bars are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span
from tapeql.language.syntax import Clause


@dataclass(frozen=True, slots=True)
class Style(Clause):
    name: str
    span: Span

    def write(self) -> str:
        return self.name


def style(c: Children) -> Style:
    return Style(c[1].lower(), span(c))


RULES: Final = (style,)
