"""ASOF QUOTES [LAG d] [TOLERANCE d]: beside each trade the quote that prevailed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, duration, span
from tapeql.language.syntax import Clause, Duration
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class AsofQuotes(Clause):
    lag: Duration | None
    tolerance: Duration | None
    span: Span

    def write(self) -> str:
        lag = f"LAG {format_expr(self.lag)}" if self.lag else ""
        tolerance = f"TOLERANCE {format_expr(self.tolerance)}" if self.tolerance else ""
        return f"{lag} {tolerance}".strip()


def asof_quotes(c: Children) -> AsofQuotes:
    said = {word.type: duration(length) for word, length in zip(c[2::2], c[3::2], strict=True)}
    return AsofQuotes(said.get("LAG"), said.get("TOLERANCE"), span(c))


RULES: Final = (asof_quotes,)
