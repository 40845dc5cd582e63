"""TICKS WHERE condition: the trades that bars are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span
from tapeql.language.syntax import Clause, Expr
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class TicksWhere(Clause):
    condition: Expr
    span: Span

    def write(self) -> str:
        return format_expr(self.condition)


def ticks_where(c: Children) -> TicksWhere:
    return TicksWhere(c[2], span(c))


RULES: Final = (ticks_where,)
