"""FILL: a row for every empty slot of an open market, from the first bar to the end of the range or now."""

from __future__ import annotations

from tapeql.plan.nodes import Bars
from tapeql.query.nodes import Fill
from tapeql.sql.dialects.dialect import Unsayable
from tapeql.sql.grids import GridTable
from tapeql.sql.statement import Statement, Stream


def filled(
    statement: Statement, fill: Fill, node: Bars, grid: GridTable, stream: Stream, now_us: int, prefix: str
) -> Stream:
    raise Unsayable("FILL")
