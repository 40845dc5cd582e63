"""One verb and its clauses while they are understood.

What a clause settles is a function of the asking, `zone(asking)`, in the clause's file; it asks those it needs, and each
is computed once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from tapeql.language import syntax
from tapeql.language.statements.query import Amount, Levels, Pipeline
from tapeql.language.statements.query import Query as Written
from tapeql.operators.operator import Query
from tapeql.query.durations import BadDuration, elapsed_us, interval
from tapeql.query.nodes import Interval
from tapeql.query.report import Report
from tapeql.query.settings import Settings
from tapeql.query.symbols import Catalogue, Elsewhere
from tapeql.query.verb import Verb
from tapeql.words.verbs import verbs

C = TypeVar("C", bound=syntax.Clause)
T = TypeVar("T")
W = TypeVar("W", bound=syntax.Duration | Amount)


@dataclass(frozen=True, slots=True)
class Given:
    """What is known from outside a sentence, and where its mistakes are told."""

    catalogue: Catalogue
    settings: Settings
    params: Mapping[str, object]
    now_us: int
    source: str
    report: Report
    elsewhere: Elsewhere


@dataclass(frozen=True, slots=True)
class Left:
    """The left of `|>`, whose rows choose those of its right."""

    query: Query
    verb: Verb


@dataclass(frozen=True, slots=True, eq=False)
class Asking:
    """What is asked of one verb.

    written      the verb and all clauses in force: its own, and those handed on to it
    left         what stands left of it
    understand   makes a query of another asking, `understand_all` of a sentence inside of this one
    more_us      how much further than its range it reaches, on both sides
    settled      what has been settled already, by the function that does
    """

    given: Given
    written: Written
    left: Left | None
    understand: Callable[[Asking], Query]
    understand_all: Callable[[Pipeline, Given], tuple[Query, Written]]
    more_us: int = 0
    settled: dict[Any, Any] = field(default_factory=dict)

    def within(self, written: Written, more_us: int) -> Query:
        """Another verb with its clauses, understood in the same place of the sentence."""
        return self.understand(replace(self, written=written, more_us=more_us, settled={}))

    def inside(self, written: Pipeline) -> tuple[Query, Written]:
        """A sentence inside of this one, and its last verb with all clauses in force there."""
        return self.understand_all(written, self.given)

    @property
    def report(self) -> Report:
        return self.given.report

    @property
    def verb(self) -> Verb:
        return verbs()[self.written.verb.name]

    def clause(self, kind: type[C]) -> C | None:
        return next((clause for clause in self.written.clauses if isinstance(clause, kind)), None)


def settled(settle: Callable[[Asking], T]) -> Callable[[Asking], T]:
    """Computed once for each asking."""

    @functools.wraps(settle)
    def once(asking: Asking) -> T:
        if settle not in asking.settled:
            asking.settled[settle] = settle(asking)
        found: T = asking.settled[settle]
        return found

    return once


@settled
def length(asking: Asking) -> Interval | None:
    """How long its bars are; None for what is a moment, and where E203 is told."""
    written = asking.written.verb.interval
    if written is None or isinstance(written, Levels):
        return asking.verb.interval
    return measured(asking, written, interval)


def measured(asking: Asking, written: W, read: Callable[[W], T]) -> T | None:
    """A duration as it is read; None, and told, where it cannot be one."""
    try:
        return read(written)
    except BadDuration as wrong:
        asking.report.add("E203", str(wrong), written.span, *filter(None, [wrong.hint]))
        return None


def elapsed(asking: Asking, written: syntax.Duration | None) -> int | None:
    """Microseconds of elapsed time, days of 24 hours; None where nothing is said, and where it is wrong."""
    return None if written is None else measured(asking, written, lambda said: elapsed_us(said, days=True))


def is_long(asking: Asking) -> bool:
    """Whether its rows are of a day or longer."""
    own = length(asking)
    return own is not None and own.is_calendar
