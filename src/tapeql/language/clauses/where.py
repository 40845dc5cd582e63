"""WHERE condition: the rows that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span
from tapeql.language.syntax import Clause, Expr
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Where(Clause):
    condition: Expr
    span: Span

    def write(self) -> str:
        return format_expr(self.condition)


def where(c: Children) -> Where:
    return Where(c[1], span(c))


RULES: Final = (where,)
