"""EVERY: groups of STATS by stretches of the grid."""

from __future__ import annotations

from typing import Final

from tapeql.language import syntax
from tapeql.language.clauses.every import Every
from tapeql.operators.buckets import Buckets
from tapeql.query.durations import interval
from tapeql.query.nodes import Interval
from tapeql.query.verb import Verb
from tapeql.words.asking import Asking, measured, settled
from tapeql.words.clause import Clause
from tapeql.words.clauses.align import align


@settled
def buckets(asking: Asking) -> Buckets | None:
    clause = asking.clause(Every)
    if clause is None:
        return None
    length = measured(asking, clause.length, interval)
    return None if length is None else Buckets(length, align(asking))


def fits(verb: Verb, length: Interval | None) -> bool:
    return bool(verb.measures)


def instead(written: syntax.Clause, length: Interval | None) -> tuple[str, ...]:
    return ("the length of bars follows the verb: `CANDLES 10m`",)


CLAUSE: Final = Clause(
    (Every,), "EVERY says how long the stretches are that STATS and PROFILE are of", fits=fits, instead=instead
)
