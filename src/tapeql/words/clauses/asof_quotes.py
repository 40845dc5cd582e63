"""ASOF QUOTES: beside each trade the quote that prevailed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tapeql.language.clauses.asof_quotes import AsofQuotes
from tapeql.query.columns import PREVAILING, TICK
from tapeql.query.nodes import Column, Of
from tapeql.words.asking import Asking, elapsed, settled
from tapeql.words.clause import Clause

SHOWN: Final = ("bid", "bid_size", "ask", "ask_size", "quote_ts")
"""What every row shows of its quote."""


@dataclass(frozen=True, slots=True)
class Prevailing:
    """The quote that prevailed `lag_us` before a trade; none older at the trade than `tolerance_us`, if that is said."""

    lag_us: int
    tolerance_us: int | None


@settled
def prevailing(asking: Asking) -> Prevailing | None:
    clause = asking.clause(AsofQuotes)
    if clause is None:
        return None
    lag, tolerance = (elapsed(asking, written) for written in (clause.lag, clause.tolerance))
    if lag is not None and tolerance is not None and clause.tolerance and tolerance < lag:
        reason = "no quote is old enough for LAG and young enough for TOLERANCE"
        asking.report.add("E208", reason, clause.tolerance.span, "TOLERANCE counts from the trade, as LAG does")
    return Prevailing(lag or 0, tolerance)


def columns(asking: Asking) -> Mapping[str, Column]:
    """What rows are told of their quote, by name."""
    if prevailing(asking) is None or asking.verb.sees is not TICK:
        return {}
    return {column.name: Column(column.name, column.type, Of.PREVAILING) for column in PREVAILING}


CLAUSE: Final = Clause(
    (AsofQuotes,),
    "ASOF QUOTES gives each trade the quote that prevailed",
    fits=lambda verb, length: verb.sees is TICK,
    instead=lambda written, length: (
        "the spread of a bar is `spread_pct`, without any clause" if length else "`TICKS … ASOF QUOTES` has both",
    ),
    says=prevailing,
)
