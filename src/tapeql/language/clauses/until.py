"""UNTIL b: where the range ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.clauses.during import DatePoint
from tapeql.language.reading import Children, span
from tapeql.language.syntax import Clause
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Until(Clause):
    end: DatePoint
    span: Span

    def write(self) -> str:
        return format_expr(self.end)


def until(c: Children) -> Until:
    return Until(c[1], span(c))


RULES: Final = (until,)
