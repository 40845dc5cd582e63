"""KEEP partial: unfinished bars too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span
from tapeql.language.syntax import Clause


@dataclass(frozen=True, slots=True)
class Keep(Clause):
    span: Span

    def write(self) -> str:
        return "partial"


def keep(c: Children) -> Keep:
    return Keep(span(c))


RULES: Final = (keep,)
