"""ORDER BY volume DESC: the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, has, nodes, span
from tapeql.language.syntax import Clause, Expr
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class OrderItem:
    value: Expr
    descending: bool
    span: Span

    def write(self) -> str:
        return format_expr(self.value) + " DESC" * self.descending


@dataclass(frozen=True, slots=True)
class OrderBy(Clause):
    items: tuple[OrderItem, ...]
    span: Span

    def write(self) -> str:
        return ", ".join(item.write() for item in self.items)


def order_by(c: Children) -> OrderBy:
    return OrderBy(nodes(c), span(c))


def order_item(c: Children) -> OrderItem:
    return OrderItem(c[0], has(c, "DESC"), span(c))


RULES: Final = (order_by, order_item)
