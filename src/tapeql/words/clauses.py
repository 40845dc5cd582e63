"""Clauses by kind: which fit a verb, and what the right of `|>` inherits from its left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from tapeql.language import syntax
from tapeql.language.clauses.add import Add
from tapeql.language.clauses.align import Align
from tapeql.language.clauses.calendar import Calendar
from tapeql.language.clauses.during import During
from tapeql.language.clauses.fill import Fill
from tapeql.language.clauses.from_ import From
from tapeql.language.clauses.keep import Keep
from tapeql.language.clauses.label import Label
from tapeql.language.clauses.offset import Offset
from tapeql.language.clauses.on_days_where import OnDaysWhere
from tapeql.language.clauses.select import Select
from tapeql.language.clauses.since import Since
from tapeql.language.clauses.tz import Tz
from tapeql.language.clauses.until import Until
from tapeql.query.nodes import Interval
from tapeql.query.report import Report
from tapeql.query.verb import Verb

C = TypeVar("C", bound=syntax.Clause)

_RANGE = (During, Since, Until)
_INHERITED = (From, *_RANGE, Calendar, Tz)

NO_BARS_TO_CHOOSE: Final[dict[type, str]] = {
    Fill: "FILL adds bars where nothing traded; {verb} has none to choose",
    Align: "ALIGN says where bars begin; {verb} has none to choose",
    Offset: "OFFSET shifts where bars begin; {verb} has none to choose",
    Label: "LABEL says which end of a bar is its `ts`; {verb} has none to choose",
}
NO_BARS: Final[dict[type, str]] = NO_BARS_TO_CHOOSE | {Keep: "KEEP partial keeps unfinished bars; {verb} has none"}
"""What verbs have no use for that let nobody choose their bars, or have none."""

_INTRADAY_ONLY = {
    Align: "bars of a day or longer are calendar units; ALIGN is for intraday bars",
    Offset: "bars of a day or longer are calendar units; OFFSET is for intraday bars",
}


@dataclass(frozen=True, slots=True)
class Clauses:
    """The clauses of one query, found by kind."""

    of: syntax.Query

    def get(self, kind: type[C]) -> C | None:
        return next((clause for clause in self.of.clauses if isinstance(clause, kind)), None)

    def conditions_of_days(self) -> tuple[syntax.Clause, ...]:
        """What the days of ON DAYS WHERE share with the query: symbols, range, calendar, zone, KEEP."""
        return tuple(clause for clause in self.of.clauses if isinstance(clause, (*_INHERITED, Keep)))


def inherit(right: syntax.Query, left: syntax.Query) -> syntax.Query:
    """The right of `|>` with FROM, the range, CALENDAR and TZ of the left where it does not say otherwise."""
    own = {type(clause) for clause in right.clauses}
    if own & set(_RANGE):
        own |= set(_RANGE)
    inherited = [c for c in left.clauses if isinstance(c, _INHERITED) and type(c) not in own]
    return replace(right, clauses=(*inherited, *right.clauses))


def check_fit(query: syntax.Query, verb: Verb, interval: Interval | None, report: Report) -> None:
    """E207 for every clause that means nothing for the verb."""
    clauses = Clauses(query)
    if clauses.get(From) is None:
        report.add("E207", "nothing is asked about: FROM names the symbols", query.verb.span, "write `FROM venue:CODE`")
    for clause in query.clauses:
        reason = _misfit(clause, verb, interval)
        if reason:
            report.add("E207", reason, clause.span, *_instead(clause, interval))
    add, select = clauses.get(Add), clauses.get(Select)
    if add and select:
        report.add(
            "E207",
            "ADD appends to the usual columns, SELECT replaces them; a query has one of the two",
            max(add.span, select.span, key=lambda span: span.start),
            "move what is ADDed into SELECT",
        )


def _misfit(clause: syntax.Clause, verb: Verb, interval: Interval | None) -> str | None:
    if reason := verb.misfits.get(type(clause)):
        return reason.format(verb=verb.name.upper())
    match clause:
        case Align() | Offset() if interval is not None and interval.is_calendar:
            return _INTRADAY_ONLY[type(clause)]
        case OnDaysWhere() if interval is not None and is_longer_than_a_day(interval):
            return f"days cannot select bars of {interval.text}: one holds several of them"
    return None


def _instead(clause: syntax.Clause, interval: Interval | None) -> tuple[str, ...]:
    """What to write where days are to begin at another time."""
    if interval is None or (interval.count, interval.unit) != (1, "d"):
        return ()
    match clause:
        case Align(to=syntax.Time(us=us)):
            return (f"write `CANDLES 24h … ALIGN {us // 3_600_000_000:02}:{us // 60_000_000 % 60:02}`",)
        case Offset(by=by) if all(unit in ("h", "m") for _, unit in by.parts):
            minutes = sum(count * (60 if unit == "h" else 1) for count, unit in by.parts) % 1440
            return (f"write `CANDLES 24h … ALIGN {minutes // 60:02}:{minutes % 60:02}`",)
    return ()


def is_longer_than_a_day(interval: Interval) -> bool:
    return interval.is_calendar and (interval.count, interval.unit) != (1, "d")
