"""PER symbol, hour: what groups of STATS are known by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.clauses.select import Item
from tapeql.language.reading import Children, nodes, span
from tapeql.language.syntax import Clause


@dataclass(frozen=True, slots=True)
class Per(Clause):
    items: tuple[Item, ...]
    span: Span

    def write(self) -> str:
        return ", ".join(item.write() for item in self.items)


def per(c: Children) -> Per:
    return Per(nodes(c), span(c))


RULES: Final = (per,)
