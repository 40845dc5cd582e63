"""CALENDAR: the trading calendar of all symbols, in place of their own."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.calendar import Calendar
from tapeql.query.market import Market, market_of, resolve_calendar
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause
from tapeql.words.clauses.from_ import symbols


@settled
def named(asking: Asking) -> str | None:
    """The calendar that overrides every symbol's own."""
    clause = asking.clause(Calendar)
    return None if clause is None else resolve_calendar(clause.name, clause, asking.report)


@settled
def market(asking: Asking) -> Market:
    return market_of(symbols(asking), named(asking), asking.given.settings.calendar)


CLAUSE: Final = Clause((Calendar,), "CALENDAR says when the symbols trade", handed_on=True)
