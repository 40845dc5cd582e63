"""PROFILE STEP 0.5, PROFILE 50 BINS: a row is a price level."""

from __future__ import annotations

from tapeql.errors import NOWHERE
from tapeql.language import syntax
from tapeql.language.clauses.select import Item
from tapeql.operators.where import passing
from tapeql.query.columns import TICK
from tapeql.query.levels import LEVEL
from tapeql.query.verb import Verb

VERB = Verb(
    "profile",
    sees=TICK,
    chooses=passing,
    shows=(),
    measures=tuple(Item(syntax.Name((name,), NOWHERE), None, NOWHERE) for name in LEVEL),
    of_levels=True,
)
