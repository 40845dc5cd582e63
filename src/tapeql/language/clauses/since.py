"""SINCE a: where the range begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.clauses.during import DatePoint
from tapeql.language.reading import Children, span
from tapeql.language.syntax import Clause
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Since(Clause):
    start: DatePoint
    span: Span

    def write(self) -> str:
        return format_expr(self.start)


def since(c: Children) -> Since:
    return Since(c[1], span(c))


RULES: Final = (since,)
