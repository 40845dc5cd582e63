"""DAYS: a row is a session date that satisfies WHERE."""

from __future__ import annotations

from tapeql.operators.on_days import OnDays
from tapeql.operators.where import passing
from tapeql.query.columns import BAR
from tapeql.query.nodes import ONE_DAY, Column, Type
from tapeql.query.verb import Name, Verb

VERB = Verb(
    "days",
    sees=BAR,
    chooses=passing,
    shows=("symbol", "exchange", "session_date", "start", "end"),
    names=(
        Name("start", Column("ts", Type.INSTANT), "the opening instant of a day's bar"),
        Name("end", Column("ts_close", Type.INSTANT), "the closing instant of a day's bar"),
    ),
    interval=ONE_DAY,
    selects="days",
    selection=OnDays,
    reasons=True,
)
