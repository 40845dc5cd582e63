"""LABEL close: `ts` is the close of a bar, `ts_open` its opening."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.label import Label
from tapeql.query.nodes import Interval
from tapeql.query.verb import Verb
from tapeql.words.asking import Asking
from tapeql.words.clause import Clause


def by_close(asking: Asking) -> bool:
    clause = asking.clause(Label)
    return clause is not None and clause.side == "close" and fits(asking.verb, None)


def fits(verb: Verb, length: Interval | None) -> bool:
    return verb.sees.is_bar and "ts" in verb.shows


CLAUSE: Final = Clause((Label,), "LABEL says which end of a bar is its `ts`", fits=fits)
