"""TZ: the zone dates are read in, and the days of venues that never close begin in."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.from_ import From
from tapeql.language.clauses.tz import Tz
from tapeql.query.market import is_mixed, resolve_zone
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause
from tapeql.words.clauses.calendar import market


@settled
def zone(asking: Asking) -> str:
    clause, source, settings, own = asking.clause(Tz), asking.clause(From), asking.given.settings, market(asking)
    if clause is None and settings.tz is None and is_mixed(own) and source is not None:
        asking.report.add(
            "N102",
            f"dates are read in UTC: the symbols' calendars ({', '.join(own.calendars)}) keep different time",
            source.span,
            "`TZ zone` or `SET tz = zone` says otherwise",
        )
    return resolve_zone(clause, settings, own, asking.report)


CLAUSE: Final = Clause((Tz,), "TZ says in which zone dates are read", handed_on=True)
