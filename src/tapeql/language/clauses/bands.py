"""BANDS 1, 2: how many deviations around a running price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, number, span
from tapeql.language.syntax import Clause, Number
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Bands(Clause):
    widths: tuple[Number, ...]
    span: Span

    def write(self) -> str:
        return ", ".join(map(format_expr, self.widths))


def bands(c: Children) -> Bands:
    return Bands(tuple(number(child) for child in c if child.type == "NUMBER"), span(c))


RULES: Final = (bands,)
