"""CANDLES 1h FROM …, DAYS … |> CANDLES 1h: a verb and its clauses; the left of `|>` selects the rows of its right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tapeql.errors import Span
from tapeql.language import vocabulary
from tapeql.language.reading import Children, duration, number, span
from tapeql.language.syntax import Clause, Duration, Number, Statement
from tapeql.language.writing import format_expr


@dataclass(frozen=True, slots=True)
class Amount:
    """`1000 ticks`: what closes a bar that no time does."""

    size: Number
    of: str
    span: Span

    def write(self) -> str:
        return f"{format_expr(self.size)} {self.of}"


@dataclass(frozen=True, slots=True)
class Levels:
    """`STEP 0.5` or `50 BINS`: how prices are gathered."""

    size: Number
    of: str
    span: Span

    def write(self) -> str:
        size = format_expr(self.size)
        return f"STEP {size}" if self.of == "step" else f"{size} BINS"


@dataclass(frozen=True, slots=True)
class Verb:
    """What a row is: `name` in small letters; `interval` where bars are told their length."""

    name: str
    interval: Duration | Amount | Levels | None
    span: Span

    def write(self) -> str:
        return self.name.upper() + (f" {self.length}" if self.interval else "")

    @property
    def length(self) -> str:
        """How long its bars are, as it is written."""
        match self.interval:
            case None:
                return ""
            case Amount() | Levels() as other:
                return other.write()
            case Duration() as duration:
                return format_expr(duration)


@dataclass(frozen=True, slots=True)
class Query(Statement):
    """`clauses` in the order they were written; the canonical one is the grammar's."""

    verb: Verb
    clauses: tuple[Clause, ...]
    span: Span

    def write(self) -> str:
        order = vocabulary.clauses()
        ordered = sorted(self.clauses, key=lambda clause: order.index(vocabulary.opening_of(type(clause))))
        return " ".join([self.verb.write(), *map(written, ordered)])


@dataclass(frozen=True, slots=True)
class Pipe(Statement):
    """`left |> right`, left-associative."""

    left: Query | Pipe
    right: Query
    span: Span

    def write(self) -> str:
        return f"{self.left.write()} |> {self.right.write()}"


Pipeline = Query | Pipe


def written(clause: Clause) -> str:
    """A clause with the words it opens with."""
    return f"{vocabulary.opening_of(type(clause))} {clause.write()}".rstrip()


def pipeline(c: Children) -> Pipeline:
    left: Pipeline = c[0]
    for right in c[2::2]:
        left = Pipe(left, right, left.span.to(right.span))
    return left


def query(c: Children) -> Query:
    return Query(c[0], tuple(c[1:]), span(c))


def verb(c: Children) -> Verb:
    name, *more = c
    if more and isinstance(more[0], Verb):
        of = more[0]
        return Verb(name.lower() + ("" if of.interval else f" of {of.name}"), of.interval, span(c))
    return Verb(name.lower(), _length(more[0]) if more else None, span(c))


def stats_of(c: Children) -> Verb:
    """Of what STATS is, as a verb."""
    return Verb(c[1].lower(), _length(c[2]) if len(c) == 3 else None, span(c))


def amount(c: Children) -> Amount:
    return Amount(number(c[0]), c[1].lower(), span(c))


def levels(c: Children) -> Levels:
    at = 1 if c[0].type == "STEP" else 0
    return Levels(number(c[at]), c[1 - at].lower(), span(c))


def _length(child: Any) -> Duration | Amount | Levels:
    return child if isinstance(child, Amount | Levels) else duration(child)


RULES: Final = (pipeline, query, verb, stats_of, amount, levels)
