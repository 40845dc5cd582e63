"""RANGES 5m: a row is a maximal run of consecutive bars that satisfy WHERE."""

from __future__ import annotations

from tapeql.operators.on_ranges import OnRanges
from tapeql.operators.runs import RUN, Runs
from tapeql.query.columns import BAR
from tapeql.query.verb import Verb

VERB = Verb(
    "ranges",
    sees=BAR,
    chooses=lambda condition: (Runs(condition),),
    makes=RUN,
    shows=tuple(RUN),
    selects="ranges",
    selection=OnRanges,
)
