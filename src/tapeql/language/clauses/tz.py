"""TZ America/New_York: the zone dates are read in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language.reading import Children, span, text
from tapeql.language.syntax import Clause
from tapeql.language.writing import bare_or_quoted

_BARE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")


@dataclass(frozen=True, slots=True)
class Tz(Clause):
    """An IANA zone, as written: `America/New_York`, `UTC`, or a quoted string."""

    zone: str
    span: Span

    def write(self) -> str:
        return bare_or_quoted(self.zone, _BARE)


def tz(c: Children) -> Tz:
    return Tz(text(c[1]), span(c))


RULES: Final = (tz,)
