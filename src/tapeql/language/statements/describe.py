"""DESCRIBE rsi, DESCRIBE CANDLES …: what a name is, which columns a query has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language import vocabulary
from tapeql.language.reading import Children, span
from tapeql.language.statements.query import Pipeline
from tapeql.language.syntax import Statement
from tapeql.language.writing import name_in


@dataclass(frozen=True, slots=True)
class Describe(Statement):
    """`subject` is a name, which may be a reserved word, or a query."""

    subject: str | Pipeline
    span: Span

    def write(self) -> str:
        match self.subject:
            case str() as name:
                return f"DESCRIBE {name_in(name, vocabulary.verbs())}"
            case query:
                return f"DESCRIBE {query.write()}"


def describe(c: Children) -> Describe:
    return Describe(str(c[1]) if isinstance(c[1], str) else c[1], span(c))


RULES: Final = (describe,)
