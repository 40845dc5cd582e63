"""SELECT close, sma(20) AS average: exactly these columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language import vocabulary
from tapeql.language.reading import Children, nodes, span
from tapeql.language.syntax import Clause, Expr
from tapeql.language.writing import format_expr, name_in


@dataclass(frozen=True, slots=True)
class Item:
    """`expr [AS alias]`"""

    value: Expr
    alias: str | None
    span: Span

    def write(self) -> str:
        return format_expr(self.value) + (f" AS {name_in(self.alias, vocabulary.reserved())}" if self.alias else "")


@dataclass(frozen=True, slots=True)
class Select(Clause):
    items: tuple[Item, ...]
    span: Span

    def write(self) -> str:
        return ", ".join(item.write() for item in self.items)


def select(c: Children) -> Select:
    return Select(nodes(c), span(c))


def item(c: Children) -> Item:
    return Item(c[0], str(c[2]) if len(c) == 3 else None, span(c))


RULES: Final = (select, item)
