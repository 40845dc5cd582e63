"""VWAP 1m ANCHOR session BANDS 1, 2: a row is a bar's time, with the volume-weighted price since the anchor."""

from __future__ import annotations

from tapeql.operators.where import passing
from tapeql.query.columns import BAR
from tapeql.query.verb import Verb

VERB = Verb(
    "vwap",
    sees=BAR,
    chooses=passing,
    shows=("symbol", "exchange", "interval", "ts", "ts_close", "vwap", "session", "session_date", "complete"),
    runs=True,
)
