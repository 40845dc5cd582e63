"""No clause is passed over in silence: for every verb each is used or refused, and so is every setting."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import tapeql
from tapeql.language import vocabulary
from tapeql.storage.lake import Lake
from tests import tapes, tour

CLAUSES = {
    "FROM": ("FROM nasdaq:B",),
    "DURING": ("DURING 2025-03-11",),
    "SINCE": ("SINCE 2025-03-11",),
    "UNTIL": ("UNTIL 2025-03-10",),
    "SESSION": ("SESSION premarket", "SESSION 10:00..11:00"),
    "CALENDAR": ("CALENDAR XLON",),
    "TZ": ("TZ Pacific/Kiritimati DURING 2025-03-11", "TZ Asia/Tokyo ADD hour"),
    "TICKS WHERE": ("TICKS WHERE quantity > 50", "TICKS WHERE quantity > 50 ADD volume"),
    "ON DAYS WHERE": ("ON DAYS WHERE session_date = 2025-03-11",),
    "ASOF QUOTES": ("ASOF QUOTES",),
    "MATCH": ("MATCH (a b) WHEN a IS session_date = 2025-03-10, b IS TRUE",),
    "AROUND": ("AROUND (DAYS FROM nasdaq:A WHERE session_date = 2025-03-10)",),
    "ALIGN": ("ALIGN epoch",),
    "OFFSET": ("OFFSET 20m",),
    "FILL": ("FILL previous",),
    "WHERE": ("WHERE session_date = 2025-03-11",),
    "ADD": ("ADD session_date AS x",),
    "SELECT": ("SELECT session_date",),
    "ORDER BY": ("ORDER BY session_date DESC",),
    "LIMIT": ("LIMIT 1", "LIMIT LAST 1"),
    "KEEP": ("KEEP partial",),
    "LABEL": ("LABEL close",),
    "WARMUP": ("SINCE 2025-03-11 ADD sma(3) AS x WARMUP none",),
}
"""What counts here, where the tour's own sentences would not."""

VERBS = ("CANDLES 1h", "CANDLES 1d", "DAYS", "TICKS", "QUOTES")
REST = {
    "WARMUP": "SINCE 2025-03-11 ADD sma(3) AS x",
    "TZ0": "DURING 2025-03-11",
    "TZ1": "ADD hour",
    "TICKS WHERE1": "ADD volume",
}
"""What the sentence without the clause says besides, where the clause alone would change nothing."""


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tapeql.Database]:
    """Four days of trades and quotes around one without, the last one under way."""
    lake = Lake(tmp_path_factory.mktemp("clauses") / "lake")
    for code, seed in (("A", 1), ("B", 2)):
        for day in ("2025-03-06", "2025-03-10", "2025-03-11", "2025-03-12"):
            lake.write("ticks", "nasdaq", code, tapes.random_ticks(f"{day}T08:30", 8 * 3600, 60, seed=seed))
            lake.write("quotes", "nasdaq", code, tapes.random_quotes(f"{day}T08:30", 8 * 3600, 60, seed=seed))
    with tapeql.connect(lake.path, now="2025-03-12T16:10Z") as opened:
        yield opened


def sentence(verb: str, clause: str) -> str:
    where = "" if clause.startswith("FROM") else "FROM nasdaq:A"
    return f"{verb} {where} {clause}"


def answer(db: tapeql.Database, text: str) -> tuple[object, ...]:
    table = db.query(text)
    return (table.schema.names, table.to_pylist())


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("opening", vocabulary.clauses())
def test_a_clause_counts(db: tapeql.Database, verb: str, opening: str) -> None:
    """With the clause some answer differs from the one without, or the sentence is refused with a reason."""
    shown = [f"{opening} {rest}" for rest in tour.clauses()[opening]]
    for number, clause in enumerate(CLAUSES.get(opening, shown)):
        without = sentence(verb, REST.get(f"{opening}{number}", REST.get(opening, "")))
        try:
            with_it = answer(db, sentence(verb, clause))
        except tapeql.QueryError as refused:
            if {d.code for d in refused.diagnostics} <= {"E207", "E205", "E204"}:
                return
            raise
        if with_it != answer(db, without):
            return
    pytest.fail(f"{verb}: {opening} changes nothing")
