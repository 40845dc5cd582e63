"""The calendars a query's symbols trade on: which session words exist, in which zone dates are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tapeql.language.clauses.calendar import Calendar
from tapeql.language.clauses.session import TimeSession
from tapeql.language.clauses.tz import Tz
from tapeql.query.nodes import Symbol
from tapeql.query.report import Report
from tapeql.query.settings import Settings, is_zone, zone_names


@dataclass(frozen=True, slots=True)
class Market:
    """calendars: of the symbols, each once; sessions: the names session words may have; continuous: whether one of
    the calendars never closes, so that session words mean the reference calendar there."""

    calendars: tuple[str, ...]
    sessions: tuple[str, ...]
    continuous: bool
    reference: str

    @property
    def lacking(self) -> str:
        """The calendars session words are looked up in, for messages."""
        from tapeql.calendars import is_continuous

        return ", ".join(dict.fromkeys(self.reference if is_continuous(c) else c for c in self.calendars))


def market_of(symbols: Sequence[Symbol], calendar: str | None, reference: str) -> Market:
    from tapeql.calendars import calendar_of, is_continuous, session_names

    own = [calendar] if calendar else [calendar_of(symbol.venue) for symbol in symbols]
    calendars = tuple(dict.fromkeys(own)) or (reference,)
    names = [name for c in calendars for name in session_names(reference if is_continuous(c) else c)]
    return Market(calendars, tuple(dict.fromkeys(names)), any(map(is_continuous, calendars)), reference)


def resolve_calendar(name: str, clause: Calendar | TimeSession, report: Report) -> str | None:
    """A calendar by its own name or a venue's, in any case; E105 if there is none."""
    from tapeql.calendars import find_calendar, known_calendars

    found = find_calendar(name)
    if found is None:
        report.unknown("E105", f"unknown calendar `{name}`", clause.span, name, known_calendars())
    return found


def resolve_zone(clause: Tz | None, settings: Settings, market: Market, report: Report) -> str:
    """The TZ clause, then SET tz, then the zone the calendars share, then UTC with a note."""
    from tapeql.calendars import zone_of

    if clause is not None:
        if is_zone(clause.zone):
            return clause.zone
        report.unknown("E106", f"unknown time zone `{clause.zone}`", clause.span, clause.zone, zone_names())
        return "UTC"
    if settings.tz is not None:
        return settings.tz
    zones = list(dict.fromkeys(zone_of(calendar) for calendar in market.calendars))
    return zones[0] if len(zones) == 1 else "UTC"


def is_mixed(market: Market) -> bool:
    """Whether the calendars' own zones differ."""
    from tapeql.calendars import zone_of

    return len({zone_of(calendar) for calendar in market.calendars}) > 1
