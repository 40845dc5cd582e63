"""ALIGN epoch, ALIGN session, ALIGN 09:30: where bars begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span, time
from tapeql.language.syntax import Clause, Time
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Align(Clause):
    to: str | Time
    span: Span

    def write(self) -> str:
        return self.to if isinstance(self.to, str) else format_expr(self.to)


def align(c: Children) -> Align:
    return Align(time(c[1]) if c[1].type == "TIME" else c[1].lower(), span(c))


RULES: Final = (align,)
