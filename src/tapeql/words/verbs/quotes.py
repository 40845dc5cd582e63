"""QUOTES: a row is a change of the best bid or ask."""

from __future__ import annotations

from tapeql.operators.where import passing
from tapeql.query.columns import QUOTE
from tapeql.query.verb import Verb

VERB = Verb(
    "quotes",
    sees=QUOTE,
    chooses=passing,
    shows=tuple(QUOTE),
)
