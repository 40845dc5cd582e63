"""MATCH (dip{3,} rally+) WHEN dip IS close < close[1], … WITHIN 2h: rows that follow a pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language import vocabulary
from tapeql.language.reading import Children, duration, has, integer, nodes, span, span_of
from tapeql.language.syntax import Clause, Duration, Expr
from tapeql.language.writing import format_expr, name_in


@dataclass(frozen=True, slots=True)
class Step:
    """One row, of which WHEN says what it is."""

    name: str
    span: Span

    def write(self) -> str:
        return name_in(self.name, vocabulary.reserved())


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after another."""

    items: tuple[Pattern, ...]
    span: Span

    def write(self) -> str:
        return " ".join(f"({x.write()})" if isinstance(x, Choice) else x.write() for x in self.items)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several, the earlier ones first."""

    items: tuple[Pattern, ...]
    span: Span

    def write(self) -> str:
        return " | ".join(x.write() for x in self.items)


@dataclass(frozen=True, slots=True)
class Repeat:
    """As often as can be, `least` times or more, up to `most`."""

    x: Pattern
    least: int
    most: int | None
    span: Span

    def write(self) -> str:
        inside = self.x.write() if isinstance(self.x, Step) else f"({self.x.write()})"
        return f"{inside}{_SHORT.get((self.least, self.most)) or self._braces()}"

    def _braces(self) -> str:
        if self.least == self.most:
            return f"{{{self.least}}}"
        return f"{{{self.least},{'' if self.most is None else self.most}}}"


Pattern = Step | Sequence | Choice | Repeat
_OFTEN: Final[dict[str, tuple[int, int | None]]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}
_SHORT: Final = {often: sign for sign, often in _OFTEN.items()}


@dataclass(frozen=True, slots=True)
class When:
    """`dip IS close < close[1]`"""

    name: str
    condition: Expr
    span: Span

    def write(self) -> str:
        return f"{name_in(self.name, vocabulary.reserved())} IS {format_expr(self.condition)}"


@dataclass(frozen=True, slots=True)
class Match(Clause):
    pattern: Pattern
    steps: tuple[When, ...]
    within: Duration | None
    span: Span

    def write(self) -> str:
        steps = ", ".join(step.write() for step in self.steps)
        within = f" WITHIN {format_expr(self.within)}" if self.within else ""
        return f"({self.pattern.write()}) WHEN {steps}{within}"


def match(c: Children) -> Match:
    steps = tuple(child for child in c if isinstance(child, When))
    return Match(c[2], steps, duration(c[-1]) if has(c, "WITHIN") else None, span(c))


def pattern(c: Children) -> Pattern:
    return c[0] if len(c) == 1 else Choice(nodes(c), span(c))


def pattern_sequence(c: Children) -> Pattern:
    return c[0] if len(c) == 1 else Sequence(tuple(c), span(c))


def pattern_repeat(c: Children) -> Pattern:
    x: Pattern = c[1] if c[0] == "(" else Step(str(c[0]), span_of(c[0]))
    rest = c[3:] if c[0] == "(" else c[1:]
    if not rest:
        return x
    counts = [integer(child) for child in rest if child.type == "INT"]
    if not counts:
        return Repeat(x, *_OFTEN[rest[0]], span(c))
    return Repeat(x, counts[0], counts[-1] if len(counts) == 2 or "," not in rest else None, span(c))


def defined(c: Children) -> When:
    return When(str(c[0]), c[2], span(c))


RULES: Final = (match, pattern, pattern_sequence, pattern_repeat, defined)
