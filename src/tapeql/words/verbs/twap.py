"""TWAP 1h: a row is a bar's time, with the time-weighted price of its trades."""

from __future__ import annotations

from tapeql.operators.where import passing
from tapeql.query.columns import BAR
from tapeql.query.nodes import Column, Of, Type
from tapeql.query.verb import Name, Verb

VERB = Verb(
    "twap",
    sees=BAR,
    chooses=passing,
    shows=("symbol", "exchange", "interval", "ts", "ts_close", "twap", "session", "session_date", "complete"),
    names=(
        Name("twap", Column("twap", Type.FLOAT, Of.PRICES), "the time-weighted mean of the last price, while it stood"),
    ),
)
