"""LIMIT [LAST] n [PER …]: how many rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, has, integer, nodes, span, span_of
from tapeql.language.syntax import Clause, Expr, Parameter
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Limit(Clause):
    rows: int | Parameter
    per: tuple[Expr, ...]
    last: bool
    span: Span

    def write(self) -> str:
        rows = str(self.rows) if isinstance(self.rows, int) else format_expr(self.rows)
        per = f" PER {', '.join(map(format_expr, self.per))}" if self.per else ""
        return f"{'LAST ' * self.last}{rows}{per}"


def limit(c: Children) -> Limit:
    last = has(c, "LAST")
    count = c[2] if last else c[1]
    rows = integer(count) if count.type == "INT" else Parameter(count[1:], span_of(count))
    return Limit(rows, nodes(c), last, span(c))


RULES: Final = (limit,)
