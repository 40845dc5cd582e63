"""DURING a .. b, DURING last 30d: the range."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from tapeql.errors import Span
from tapeql.language.reading import Children, date, duration, span
from tapeql.language.syntax import Clause, Date, Duration, Parameter
from tapeql.language.writing import format_expr

DatePoint = Date | Parameter


@dataclass(frozen=True, slots=True)
class During(Clause):
    """One of `last` or `start` is set; `end` None without `..`."""

    start: DatePoint | None
    end: DatePoint | None
    last: Duration | None
    span: Span

    def write(self) -> str:
        if self.last is not None:
            return f"last {format_expr(self.last)}"
        return " .. ".join(format_expr(point) for point in (self.start, self.end) if point is not None)


def during(c: Children) -> During:
    start, end = c[1], c[3] if len(c) == 4 else None
    if isinstance(end, str):
        end = _same_day(start, end)
    return During(start, end, None, span(c))


def during_last(c: Children) -> During:
    return During(None, None, duration(c[2]), span(c))


def point(c: Children) -> DatePoint:
    return Parameter(c[0][1:], span(c)) if c[0].type == "PARAMETER" else date(c[0])


def _same_day(start: DatePoint, end: Any) -> Date:
    """`2025-03-10T09:30Z .. 16:00` ends on the day it starts on, in the same zone."""
    assert isinstance(start, Date)
    day, _, clock = start.text.partition("T")
    zone = re.search(r"(Z|[+-]\d\d:\d\d)$", clock)
    return Date(f"{day}T{end.rjust(5, '0')}{zone[0] if zone else ''}", Span(end.start_pos, end.end_pos))


RULES: Final = (during, during_last, point)
