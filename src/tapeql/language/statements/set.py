"""SET tz = 'America/New_York': how the statements after it are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span, text
from tapeql.language.syntax import Statement
from tapeql.language.writing import bare_or_quoted

_BARE: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_/+:.]|-(?!-))+")


@dataclass(frozen=True, slots=True)
class Set(Statement):
    """`value` is text as written, unquoted."""

    name: str
    value: str
    span: Span

    def write(self) -> str:
        return f"SET {self.name} = {bare_or_quoted(self.value, _BARE)}"


def set(c: Children) -> Set:
    return Set(c[1].lower(), text(c[3]), span(c))


RULES: Final = (set,)
