"""What a query knows before its time: each use of the future, by name, with when it is really known."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.errors import NOWHERE, Span
from tapeql.operators.around import Around
from tapeql.operators.fill import FillSlots
from tapeql.operators.match import Match
from tapeql.operators.on_ranges import OnRanges
from tapeql.operators.operator import Query
from tapeql.operators.where import Where
from tapeql.query.columns import BAR
from tapeql.query.nodes import And, Call, Column, Expr, Literal, Of, OfDate, Over, Shift, children
from tapeql.rows.nodes import Bars

AT_OPEN = {column.name for column in BAR.columns if column.at_open}
"""What a bar knows when it opens."""


class Moment(enum.IntEnum):
    """When a value of a row is known, in the order they come: before the row, where it opens or closes, at the end of the range."""

    BEFORE = 0
    OPEN = 1
    CLOSE = 2
    RANGE = 3


@dataclass(frozen=True, slots=True)
class Lookahead:
    """kind: "whole range" (OVER ALL), "linear fill", "own range" (bars select what happens inside them) "own event" (rows before an event are chosen by it), "own match" (rows are chosen by later ones of their match) or "own day" (a day's condition selects bars of that very day);
    known_at: when the value is really known, in words."""

    kind: str
    reason: str
    known_at: str
    span: Span = NOWHERE


def lookahead(query: Query) -> list[Lookahead]:
    """All uses of the future in a query and in the days that select its rows, in written order."""
    found = [*_whole_range(query), *_linear_fill(query), *_own_match(query)]
    for step in query.steps:
        for inner in step.queries():
            if isinstance(step, Around):
                found += _own_event()
            else:
                found += _own_range() if isinstance(step, OnRanges) else _own_day(query, inner)
            found += lookahead(inner)
    return found


def _whole_range(query: Query) -> Iterator[Lookahead]:
    """Each OVER ALL once, wherever it is used."""
    seen: set[Over] = set()
    for expr in (expr for step in query.steps for expr in step.expressions()):
        for over in walk(expr):
            if isinstance(over, Over) and over.us is None and over not in seen:
                seen.add(over)
                yield Lookahead(
                    "whole range",
                    f"`{over.aggregate}(…) OVER ALL` sees every row of the range",
                    "the end of the range",
                    over.span,
                )


def _linear_fill(query: Query) -> Iterator[Lookahead]:
    for step in query.steps:
        columns = [c for c, method in step.fill.methods if method == "linear"] if isinstance(step, FillSlots) else []
        if columns:
            yield Lookahead(
                "linear fill", f"FILL linear draws {', '.join(columns)} towards the next trade", "the next trade"
            )


def _own_match(query: Query) -> Iterator[Lookahead]:
    if any(isinstance(step, Match) for step in query.steps):
        reason = "rows are chosen by the rows of their match that come after them"
        yield Lookahead("own match", reason, "the end of each match")


def _own_event() -> Iterator[Lookahead]:
    yield Lookahead("own event", "rows before an event and inside it are chosen by it", "the end of each event")


def _own_range() -> Iterator[Lookahead]:
    """Conditions of bars over what happened while they were still open."""
    yield Lookahead("own range", "a condition on whole bars selects what happens inside them", "the close of each bar")


def _own_day(query: Query, days: Query) -> Iterator[Lookahead]:
    """Conditions of a day over the intraday rows of that same day, part by part."""
    rows = query.rows
    if isinstance(rows, Bars) and rows.interval.is_calendar:
        return
    after_open = bool(rows.sessions) and all(s.name in ("regular", "aftermarket") for s in rows.sessions)
    conditions = [step.condition for step in days.steps if isinstance(step, Where)]
    for part in (part for condition in conditions for part in conjuncts(condition)):
        moment = known(part)
        if moment is Moment.CLOSE:
            yield Lookahead(
                "own day",
                "a condition on the whole day selects bars of that day",
                "the close of the day's session",
                part.span,
            )
        elif moment is Moment.OPEN and not after_open:
            yield Lookahead(
                "own day",
                "a condition known at the regular open also selects the bars before it",
                "the regular open",
                part.span,
            )


def conjuncts(condition: Expr) -> tuple[Expr, ...]:
    """What must hold all at once."""
    return condition.items if isinstance(condition, And) else (condition,)


def known(expr: Expr) -> Moment:
    """When a day's expression is known: before the day, at the regular open, or at the close."""
    match expr:
        case Literal() | Shift():
            return Moment.BEFORE
        case Column(of=Of.TIME) | Column(name="symbol" | "exchange" | "interval" | "session_date", of=Of.ROW):
            return Moment.BEFORE
        case Column(of=OfDate("premarket")):
            return Moment.OPEN
        case Column(name=name, of=of):
            return Moment.OPEN if of is Of.ROW and name in AT_OPEN else Moment.CLOSE
        case Call(function="gap_pct"):
            return Moment.OPEN  # today's open and the close before
        case Call() | Over():
            return Moment.CLOSE
        case _:
            pass
    return max(map(known, children(expr)), default=Moment.BEFORE)


def walk(expr: Expr) -> Iterator[Expr]:
    """An expression and all in it."""
    yield expr
    for child in children(expr):
        yield from walk(child)
