"""BANDS: deviations around a running price, a column above and one below for each."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.bands import Bands
from tapeql.query.nodes import Column, Type
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause
from tapeql.words.clauses.anchor import anchored


@settled
def running(asking: Asking) -> dict[str, Column]:
    """The columns of a running price by name: itself, and `upper_1`, `lower_1` for each band."""
    if not asking.verb.runs:
        return {}
    clause, of = asking.clause(Bands), anchored(asking)
    found = {"vwap": Column("vwap", Type.FLOAT, of)}
    for width in clause.widths if clause else ():
        if width.unit or width.value <= 0:
            asking.report.add("E208", "a band is so many deviations wide: a number above 0", width.span)
            continue
        name = f"{width.value!r}".replace(".", "p")
        found |= {
            f"{side}_{name}": Column(f"{side}.{float(width.value)!r}", Type.FLOAT, of) for side in ("upper", "lower")
        }
    return found


CLAUSE: Final = Clause((Bands,), "BANDS says how wide the bands of VWAP are", fits=lambda verb, length: verb.runs)
