"""What a query knows before its time: each use of the future, by name, with when it is really known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.errors import NOWHERE, Span
from tapeql.query.columns import BAR
from tapeql.query.nodes import And, Call, Column, Expr, Literal, Over, Shift, children
from tapeql.query.parts import PREFIX
from tapeql.query.sentence import Query

_FROM_THE_START = {column.name for column in BAR.columns if column.at_open}
"""What a bar knows when it opens."""


@dataclass(frozen=True, slots=True)
class Lookahead:
    """kind: "whole range" (OVER ALL), "linear fill", "own range" (bars select what happens inside them) or "own day" (a day's condition selects bars of that very day);
    known_at: when the value is really known, in words."""

    kind: str
    reason: str
    known_at: str
    span: Span = NOWHERE


def lookahead(query: Query) -> list[Lookahead]:
    """All uses of the future in a query and in the days that select its rows, in written order."""
    found = [*_whole_range(query), *_linear_fill(query)]
    if query.days is not None:
        found += _own_range() if query.days.verb.selects == "ranges" else _own_day(query, query.days)
        found += lookahead(query.days)
    return found


def _whole_range(query: Query) -> Iterator[Lookahead]:
    """Each OVER ALL once, wherever it is used."""
    seen: set[Over] = set()
    written = [query.where, *(order.expr for order in query.order), *(column.expr for column in query.columns)]
    written += query.limit.per if query.limit else ()
    for expr in written:
        for over in _walk(expr) if expr is not None else ():
            if isinstance(over, Over) and over.us is None and over not in seen:
                seen.add(over)
                yield Lookahead(
                    "whole range",
                    f"`{over.aggregate}(…) OVER ALL` sees every row of the range",
                    "the end of the range",
                    over.span,
                )


def _linear_fill(query: Query) -> Iterator[Lookahead]:
    if query.fill is not None:
        columns = [column for column, method in query.fill.methods if method == "linear"]
        if columns:
            yield Lookahead(
                "linear fill", f"FILL linear draws {', '.join(columns)} towards the next trade", "the next trade"
            )


def _own_range() -> Iterator[Lookahead]:
    """Conditions of bars over what happened while they were still open."""
    yield Lookahead("own range", "a condition on whole bars selects what happens inside them", "the close of each bar")


def _own_day(query: Query, days: Query) -> Iterator[Lookahead]:
    """Conditions of a day over the intraday rows of that same day, part by part."""
    if query.interval is not None and query.interval.is_calendar:
        return
    after_open = bool(query.sessions) and all(s.name in ("regular", "aftermarket") for s in query.sessions)
    for part in _conjuncts(days.where):
        moment = _known(part)
        if moment == "close":
            yield Lookahead(
                "own day",
                "a condition on the whole day selects bars of that day",
                "the close of the day's session",
                part.span,
            )
        elif moment == "open" and not after_open:
            yield Lookahead(
                "own day",
                "a condition known at the regular open also selects the bars before it",
                "the regular open",
                part.span,
            )


def _conjuncts(where: Expr | None) -> tuple[Expr, ...]:
    match where:
        case None:
            return ()
        case And(items=items):
            return items
        case expr:
            return (expr,)


def _known(expr: Expr) -> str:
    """When a day's expression is known: "before" the day, at the regular "open", or at the "close"."""
    match expr:
        case Literal() | Shift():
            return "before"
        case Column(name=name):
            if name in ("symbol", "exchange", "interval", "session_date") or name.startswith(PREFIX):
                return "before"
            return "open" if name in _FROM_THE_START or name.startswith("premarket.") else "close"
        case Call(function="gap_pct"):
            return "open"  # today's open and the close before
        case Call() | Over():
            return "close"
        case _:
            pass
    moments = [_known(child) for child in children(expr)]
    return next((moment for moment in ("close", "open") if moment in moments), "before")


def _walk(expr: Expr) -> Iterator[Expr]:
    yield expr
    for child in children(expr):
        yield from _walk(child)
