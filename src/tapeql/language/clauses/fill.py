"""FILL previous, FILL close previous, volume zero MAX 5: bars where nothing traded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language import grammar, vocabulary
from tapeql.language.reading import Children, has, integer, nodes, span
from tapeql.language.syntax import Clause
from tapeql.language.writing import name_in


@dataclass(frozen=True, slots=True)
class FillColumn:
    """`previous`, `zero`, `null` or `linear`, for one column or (column None) for all."""

    column: str | None
    method: str
    span: Span

    def write(self) -> str:
        if self.column is None:
            return self.method
        methods = {word.upper() for word in grammar.words("fill_column")}
        return f"{name_in(self.column, vocabulary.reserved() | methods)} {self.method}"


@dataclass(frozen=True, slots=True)
class Fill(Clause):
    columns: tuple[FillColumn, ...]
    max_rows: int | None
    span: Span

    def write(self) -> str:
        filled = ", ".join(column.write() for column in self.columns)
        return filled + ("" if self.max_rows is None else f" MAX {self.max_rows}")


def fill(c: Children) -> Fill:
    return Fill(nodes(c), integer(c[-1]) if has(c, "MAX") else None, span(c))


def fill_column(c: Children) -> FillColumn:
    return FillColumn(str(c[0]) if len(c) == 2 else None, c[-1].lower(), span(c))


RULES: Final = (fill, fill_column)
