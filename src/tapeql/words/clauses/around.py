"""AROUND: the rows around the days or ranges of another query, for each of them."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.around import Around as AroundClause
from tapeql.operators.around import EVENT, Around
from tapeql.operators.project import result_columns
from tapeql.words.asking import Asking, elapsed
from tapeql.words.clause import Clause, Place
from tapeql.words.clauses.from_ import symbols
from tapeql.words.verbs import verbs


def adds(asking: Asking) -> tuple[Around, ...]:
    clause = asking.clause(AroundClause)
    if clause is None:
        return ()
    query, last = asking.inside(clause.events)
    if not verbs()[last.verb.name].selects:
        asking.report.add("E207", "rows lie around days or ranges; write DAYS or RANGES here", last.verb.span)
        return ()
    if not {column.name for column in result_columns(query.steps)} >= EVENT:
        reason = f"of each event {', '.join(sorted(EVENT))} must be known, which SELECT leaves out"
        asking.report.add("E207", reason, last.span, "leave SELECT out, or add them")
        return ()
    across = not set(symbols(asking)) <= {feed.symbol for feed in query.rows.feeds}
    return (Around(query, across, elapsed(asking, clause.before) or 0, elapsed(asking, clause.after) or 0),)


CLAUSE: Final = Clause(
    (AroundClause,),
    "AROUND shows the rows around each of some days or ranges",
    fits=lambda verb, length: verb.makes is None,
    place=Place.AROUND,
    adds=adds,
)
