"""DURING, SINCE, UNTIL: the range."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.during import During
from tapeql.language.clauses.keep import Keep
from tapeql.language.clauses.since import Since
from tapeql.language.clauses.until import Until
from tapeql.operators.in_range import InRange
from tapeql.query.ranges import RangeReader
from tapeql.words.asking import Asking, is_long, settled
from tapeql.words.clause import Clause, Place
from tapeql.words.clauses.calendar import market
from tapeql.words.clauses.tz import zone


@settled
def range_asked(asking: Asking) -> tuple[int | None, int | None]:
    """Half-open; None where the text sets no bound."""
    given, more = asking.given, asking.more_us
    reader = RangeReader(
        zone(asking), market(asking).calendars, given.now_us, given.params, given.report, is_long(asking)
    )
    start, end = reader.read(asking.clause(During), asking.clause(Since), asking.clause(Until))
    return None if start is None else start - more, None if end is None else end + more


def adds(asking: Asking) -> tuple[InRange, ...]:
    unfinished = asking.clause(Keep) is not None or not asking.verb.sees.is_bar
    return (InRange(*range_asked(asking), unfinished),)


CLAUSE: Final = Clause(
    (During, Since, Until), "DURING, SINCE and UNTIL say the range", handed_on=True, place=Place.RANGE, adds=adds
)
