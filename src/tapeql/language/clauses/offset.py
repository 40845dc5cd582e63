"""OFFSET 30m: shifts where bars begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, duration, span
from tapeql.language.syntax import Clause, Duration
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Offset(Clause):
    by: Duration
    span: Span

    def write(self) -> str:
        return format_expr(self.by)


def offset(c: Children) -> Offset:
    return Offset(duration(c[1]), span(c))


RULES: Final = (offset,)
