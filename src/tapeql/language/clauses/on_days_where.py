"""ON DAYS WHERE condition: the days whose rows are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span
from tapeql.language.syntax import Clause, Expr
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class OnDaysWhere(Clause):
    condition: Expr
    span: Span

    def write(self) -> str:
        return format_expr(self.condition)


def on_days_where(c: Children) -> OnDaysWhere:
    return OnDaysWhere(c[3], span(c))


RULES: Final = (on_days_where,)
