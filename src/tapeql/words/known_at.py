"""EXPLAIN lookahead: when each thing that a query says is known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tapeql.operators.group import Group
from tapeql.operators.operator import Query
from tapeql.operators.project import result_columns
from tapeql.operators.runs import Runs
from tapeql.operators.where import Where
from tapeql.query.nodes import Call, Column, Expr, Of, OfDate, Over, Shift, children
from tapeql.query.text import expr_text
from tapeql.rows.nodes import Bars
from tapeql.words.lookahead import AT_OPEN, Moment, conjuncts, known, lookahead, walk

_OF_BARS = ("before the bar", "at the open of the bar", "at the close of the bar", "at the end of the range")
_OF_DAYS = ("before the day", "at the regular open", "at the close of the day's session", "at the end of the range")
_OF_INSTANTS = ("at its instant", "at its instant", "at its instant", "at the end of the range")


def table(query: Query, source: str) -> str:
    """Each condition, as `source` has it, and the columns of the result with when they are known, then what reads the future."""
    lines = [*_conditions(query, source), *_columns_of(query)]
    uses = lookahead(query)
    lines += [f"reads the future: {use.reason}; known at {use.known_at}" for use in uses]
    return "\n".join(lines if uses else [*lines, "nothing here reads the future"])


def _conditions(query: Query, source: str) -> Iterator[str]:
    for step in query.steps:
        for inner in step.queries():
            yield "chosen by:"
            yield from (f"  {line}" for line in _conditions(inner, source))
        if isinstance(step, (Where, Runs)) and step.condition is not None:
            for part in conjuncts(step.condition):
                yield f"{_text(part, source)}: known {_words(query)[moment(part, query)]}"


def _columns_of(query: Query) -> Iterator[str]:
    if any(isinstance(step, Group) for step in query.steps):
        yield "columns: known at the end of their group"
        return
    if any(step.remakes for step in query.steps):
        yield "columns: known at the end of their run"
        return
    columns: defaultdict[str, list[str]] = defaultdict(list)
    for column in sorted(result_columns(query.steps), key=lambda column: moment(column.expr, query)):
        columns[_words(query)[moment(column.expr, query)]].append(column.name)
    yield from (f"columns {', '.join(names)}: known {words}" for words, names in columns.items())


def _text(expr: Expr, source: str) -> str:
    return source[expr.span.start : expr.span.end] or expr_text(expr)


def moment(expr: Expr, query: Query) -> Moment:
    """When the value of an expression over the rows of a query is known."""
    if any(isinstance(part, Over) and part.us is None for part in walk(expr)):
        return Moment.RANGE
    if not isinstance(query.rows, Bars) or query.rows.interval.is_calendar:
        return known(expr)
    return max((_of_bar(part, query.rows) for part in _columns(expr)), default=Moment.BEFORE)


def _of_bar(expr: Expr, bars: Bars) -> Moment:
    """A column of a bar within a day; measures of sessions and days are told only once these have ended."""
    match expr:
        case Shift():
            return Moment.BEFORE
        case Column(name="ts_close") if bars.interval.by:
            return Moment.CLOSE  # with its last trade, whenever it comes
        case Column(name=name, of=Of.ROW):
            return Moment.OPEN if name in AT_OPEN else Moment.CLOSE
        case Column(of=Of.TIME | Of.SESSIONS | OfDate()):
            return Moment.OPEN
        case _:
            return Moment.CLOSE


def _columns(expr: Expr) -> Iterator[Expr]:
    """The parts of an expression that decide when it is known."""
    if isinstance(expr, (Column, Shift, Call, Over)):
        yield expr
        return
    for child in children(expr):
        yield from _columns(child)


def _words(query: Query) -> tuple[str, ...]:
    if not isinstance(query.rows, Bars):
        return _OF_INSTANTS
    return _OF_DAYS if query.rows.interval.is_calendar else _OF_BARS
