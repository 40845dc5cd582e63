"""QUOTES: a row is a change of the best bid or ask."""

from __future__ import annotations

from tapeql.language.clauses.ticks_where import TicksWhere
from tapeql.operators.where import passing
from tapeql.query.columns import QUOTE
from tapeql.query.verb import Verb
from tapeql.words.clauses import NO_BARS

VERB = Verb(
    "quotes",
    sees=QUOTE,
    chooses=passing,
    shows=tuple(QUOTE),
    misfits={**NO_BARS, TicksWhere: "TICKS WHERE filters trades; QUOTES has none, filter with WHERE"},
)
