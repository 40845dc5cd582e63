"""CANDLES 1h: a row is a bar."""

from __future__ import annotations

from tapeql.operators.where import passing
from tapeql.query.columns import BAR
from tapeql.query.verb import Verb

VERB = Verb("candles", sees=BAR, chooses=passing, shows=tuple(BAR))
