"""AROUND (DAYS …) BEFORE 1d AFTER 3d: the rows around the days or ranges of another query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, duration, span
from tapeql.language.statements.query import Pipeline
from tapeql.language.syntax import Clause, Duration
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Around(Clause):
    events: Pipeline
    before: Duration | None
    after: Duration | None
    span: Span

    def write(self) -> str:
        before = f" BEFORE {format_expr(self.before)}" if self.before else ""
        after = f" AFTER {format_expr(self.after)}" if self.after else ""
        return f"({self.events.write()}){before}{after}"


def around(c: Children) -> Around:
    said = {word.type: duration(length) for word, length in zip(c[4::2], c[5::2], strict=True)}
    return Around(c[2], said.get("BEFORE"), said.get("AFTER"), span(c))


RULES: Final = (around,)
