"""EXPLAIN, EXPLAIN sql, EXPLAIN sql full, EXPLAIN warmup, cost and lookahead: how a query is answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span
from tapeql.language.statements.query import Pipeline
from tapeql.language.syntax import Statement


@dataclass(frozen=True, slots=True)
class Explain(Statement):
    """`what` is "plan" when not written."""

    what: str
    query: Pipeline
    span: Span

    def write(self) -> str:
        return " ".join(["EXPLAIN", *([self.what] if self.what != "plan" else []), self.query.write()])


def explain(c: Children) -> Explain:
    return Explain(" ".join(word.lower() for word in c[1:-1]) or "plan", c[-1], span(c))


RULES: Final = (explain,)
