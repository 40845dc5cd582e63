"""CALENDAR XNYS: the trading calendar of all symbols."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span, text
from tapeql.language.syntax import Clause
from tapeql.language.writing import bare_or_quoted

_BARE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_/]*")


@dataclass(frozen=True, slots=True)
class Calendar(Clause):
    name: str
    span: Span

    def write(self) -> str:
        return bare_or_quoted(self.name, _BARE)


def calendar(c: Children) -> Calendar:
    return Calendar(text(c[1]), span(c))


RULES: Final = (calendar,)
