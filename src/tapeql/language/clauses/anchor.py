"""ANCHOR session, ANCHOR 09:30: since when a running price is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span, time
from tapeql.language.syntax import Clause, Time
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Anchor(Clause):
    at: str | Time
    span: Span

    def write(self) -> str:
        return self.at if isinstance(self.at, str) else format_expr(self.at)


def anchor(c: Children) -> Anchor:
    return Anchor(time(c[1]) if c[1].type == "TIME" else c[1].lower(), span(c))


RULES: Final = (anchor,)
