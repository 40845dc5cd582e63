"""SHOW symbols, SHOW functions, …: what there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span
from tapeql.language.syntax import Statement


@dataclass(frozen=True, slots=True)
class Show(Statement):
    """`what` in small letters."""

    what: str
    span: Span

    def write(self) -> str:
        return f"SHOW {self.what}"


def show(c: Children) -> Show:
    return Show(c[1].lower(), span(c))


RULES: Final = (show,)
