"""WARMUP 500, WARMUP none: how many rows before the range are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, integer, span
from tapeql.language.syntax import Clause


@dataclass(frozen=True, slots=True)
class Warmup(Clause):
    """`WARMUP none` is 0."""

    rows: int
    span: Span

    def write(self) -> str:
        return str(self.rows or "none")


def warmup(c: Children) -> Warmup:
    return Warmup(integer(c[1]) if c[1].type == "INT" else 0, span(c))


RULES: Final = (warmup,)
