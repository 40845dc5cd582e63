"""RANGES, row by row."""

from __future__ import annotations

from itertools import groupby

from tests.oracle.tape import Row


def runs(rows: list[Row]) -> list[Row]:
    """One row for each stretch of neighbours that all pass."""
    found = []
    for passes, group in groupby(rows, key=lambda row: row["passes"] is True):
        bars = list(group)
        if passes:
            first, last = bars[0], bars[-1]
            names = {name: first[name] for name in ("symbol", "exchange", "interval", "ts")}
            found.append(names | {"start": first["ts"], "end": last["ts_close"], "bars": len(bars)})
    return found
