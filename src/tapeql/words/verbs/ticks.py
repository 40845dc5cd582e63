"""TICKS: a row is a trade."""

from __future__ import annotations

from tapeql.operators.where import passing
from tapeql.query.columns import TICK
from tapeql.query.verb import Verb

VERB = Verb("ticks", sees=TICK, chooses=passing, shows=tuple(TICK))
