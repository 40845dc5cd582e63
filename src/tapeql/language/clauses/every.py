"""EVERY 10m: groups of STATS by stretches of the grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, duration, span
from tapeql.language.syntax import Clause, Duration
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Every(Clause):
    length: Duration
    span: Span

    def write(self) -> str:
        return format_expr(self.length)


def every(c: Children) -> Every:
    return Every(duration(c[1]), span(c))


RULES: Final = (every,)
