"""FILL → a method for every column of a bar."""

from __future__ import annotations

from tapeql.language.clauses import fill
from tapeql.query.nodes import Fill
from tapeql.query.report import Report

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume", "trades", "vwap")

_ALL = {
    "previous": {**dict.fromkeys(PRICES, "previous"), "volume": "zero", "trades": "zero", "vwap": "null"},
    "zero": {**dict.fromkeys(PRICES, "null"), "volume": "zero", "trades": "zero", "vwap": "null"},
    "null": dict.fromkeys(COLUMNS, "null"),
    "linear": {**dict.fromkeys(PRICES, "linear"), "volume": "zero", "trades": "zero", "vwap": "null"},
}
"""What a method means for a bar without trades when it is not said of one column."""


def resolve_fill(clause: fill.Fill, report: Report) -> Fill:
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
