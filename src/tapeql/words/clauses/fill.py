"""FILL: a bar for every empty slot, with a method for each of its columns."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.fill import Fill as FillClause
from tapeql.operators.fill import FillSlots
from tapeql.query.nodes import Fill, Interval
from tapeql.query.report import Report
from tapeql.query.verb import Verb
from tapeql.words.asking import Asking
from tapeql.words.clause import Clause, Place

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume", "trades", "vwap")

_ALL = {
    "previous": {**dict.fromkeys(PRICES, "previous"), "volume": "zero", "trades": "zero", "vwap": "null"},
    "zero": {**dict.fromkeys(PRICES, "null"), "volume": "zero", "trades": "zero", "vwap": "null"},
    "null": dict.fromkeys(COLUMNS, "null"),
    "linear": {**dict.fromkeys(PRICES, "linear"), "volume": "zero", "trades": "zero", "vwap": "null"},
}
"""What a method means for a bar without trades when it is not said of one column."""


def resolve_fill(clause: FillClause, report: Report) -> Fill:
    """Columns not named are NULL in filled rows; E101, E109 and E208 for what cannot be."""
    methods = dict.fromkeys(COLUMNS, "null")
    named: set[str | None] = set()
    for column in sorted(clause.columns, key=lambda c: c.column is not None):
        name = column.column.lower() if column.column else None
        if name in named:
            report.add("E109", f"FILL says twice what becomes of {f'`{name}`' if name else 'all columns'}", column.span)
        named.add(name)
        if name is None:
            methods |= _ALL[column.method]
        elif name in COLUMNS:
            methods[name] = column.method
        else:
            report.unknown(
                "E101", f"FILL has no column `{column.column}`", column.span, name, (), "it fills " + ", ".join(COLUMNS)
            )
    if clause.max_rows is not None and clause.max_rows < 1:
        report.add("E208", "MAX is the longest hole that is filled, 1 row or more", clause.span)
    return Fill(tuple(methods.items()), clause.max_rows)


def adds(asking: Asking) -> tuple[FillSlots, ...]:
    clause = asking.clause(FillClause)
    return () if clause is None else (FillSlots(resolve_fill(clause, asking.report)),)


def fits(verb: Verb, length: Interval | None) -> bool:
    """Bars of time, of a length that the verb does not say by itself."""
    return verb.sees.is_bar and verb.interval is None and not (length is not None and length.by)


CLAUSE: Final = Clause((FillClause,), "FILL adds bars where nothing traded", fits=fits, place=Place.FILL, adds=adds)
