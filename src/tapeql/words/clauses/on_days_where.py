"""ON DAYS WHERE: the rows of chosen days; and the left of `|>`, which chooses rows as well."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tapeql.language.clauses.on_days_where import OnDaysWhere
from tapeql.language.clauses.where import Where
from tapeql.operators.on_days import OnDays
from tapeql.operators.operator import Operator
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import Interval
from tapeql.query.verb import Verb
from tapeql.words.asking import Asking, length
from tapeql.words.clause import Clause, Place
from tapeql.words.clauses import clauses
from tapeql.words.clauses.from_ import symbols

_WHOLE_DAYS_US: Final = 2 * DAY_US
"""A day's bar opens within two days of any instant of that day, whatever its sessions and clocks."""


def adds(asking: Asking) -> tuple[Operator, ...]:
    """The days of the condition are those the range touches; days on the left of `|>` choose among them in turn."""
    clause, left = asking.clause(OnDaysWhere), asking.left
    if clause is None:
        return _by_left(asking)
    if left is not None and left.verb.selects != "days":
        hint = "write ON DAYS WHERE before `|>`"
        asking.report.add("E207", "rows are chosen by ranges or by days", clause.span, hint)
        return ()
    written = asking.written
    shared = (c for c in written.clauses if (entry := clauses()[type(c)]).handed_on or entry.of_days)
    verb = replace(written.verb, name="days", interval=None, span=clause.span)
    days = replace(written, verb=verb, clauses=(*shared, Where(clause.condition, clause.span)), span=clause.span)
    return (OnDays(asking.within(days, _WHOLE_DAYS_US), across=False),)


def _by_left(asking: Asking) -> tuple[Operator, ...]:
    left, own = asking.left, length(asking)
    if left is None or left.verb.selection is None:
        return ()
    if left.verb.selects == "days" and not _holds_days(own):
        reason = f"days cannot select bars of {own.text if own else ''}: one holds several of them"
        asking.report.add("E207", reason, asking.written.verb.span)
    across = not set(symbols(asking)) <= {feed.symbol for feed in left.query.rows.feeds}
    return (left.verb.selection(left.query, across),)


def _holds_days(length: Interval | None) -> bool:
    """Whether rows lie within a day."""
    return length is None or not length.is_calendar or (length.count, length.unit) == (1, "d")


def fits(verb: Verb, length: Interval | None) -> bool:
    return _holds_days(length)


CLAUSE: Final = Clause(
    (OnDaysWhere,), "ON DAYS WHERE chooses rows that lie within a day", fits=fits, place=Place.DAYS, adds=adds
)
