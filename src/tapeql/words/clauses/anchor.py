"""ANCHOR: since when a running price is made; the session's opening where it is not said."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.anchor import Anchor
from tapeql.language.syntax import Time
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import OfAnchor
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause


@settled
def anchored(asking: Asking) -> OfAnchor:
    clause = asking.clause(Anchor)
    match clause.at if clause else "session":
        case Time(us=us, span=span):
            if us >= DAY_US:
                asking.report.add("E404", "a day's times run from 00:00 to 23:59", span)
            return OfAnchor("time", us)
        case str() as name:
            return OfAnchor(name)


CLAUSE: Final = Clause((Anchor,), "ANCHOR says since when VWAP runs", fits=lambda verb, length: verb.runs)
