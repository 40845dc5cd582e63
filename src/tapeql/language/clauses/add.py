"""ADD sma(20) AS average: these columns besides the usual ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.clauses.select import Item
from tapeql.language.reading import Children, nodes, span
from tapeql.language.syntax import Clause


@dataclass(frozen=True, slots=True)
class Add(Clause):
    items: tuple[Item, ...]
    span: Span

    def write(self) -> str:
        return ", ".join(item.write() for item in self.items)


def add(c: Children) -> Add:
    return Add(nodes(c), span(c))


RULES: Final = (add,)
