"""CHECK CANDLES …: what is to be told of a query, without running it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span
from tapeql.language.statements.query import Pipeline
from tapeql.language.syntax import Statement


@dataclass(frozen=True, slots=True)
class Check(Statement):
    query: Pipeline
    span: Span

    def write(self) -> str:
        return f"CHECK {self.query.write()}"


def check(c: Children) -> Check:
    return Check(c[1], span(c))


RULES: Final = (check,)
