"""Measures of the row's whole day: `gap_pct` on intraday bars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from tapeql.operators.operator import RowOperator, indented
from tapeql.query.lookback import lookback
from tapeql.query.nodes import OutputColumn
from tapeql.rows.nodes import Bars
from tapeql.rows.text import rows_text


@dataclass(frozen=True, slots=True)
class DayMeasures(RowOperator):
    """Adds `day.<name>` columns to intraday rows: an expression over the regular 1d bars (`gap_pct`), joined by
    session_date and seen from the day bar's opening on (day ts <= row ts)."""

    measures: tuple[OutputColumn, ...]
    bars: Bars

    def attached(self) -> Bars:
        return self.bars

    def with_attached(self, bars: Bars) -> Self:
        return replace(self, bars=bars)

    def attached_rows_before(self) -> int:
        return max(lookback(c.expr).rows or 0 for c in self.measures)

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "session_date"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | {c.name for c in self.measures}

    def text(self) -> Iterator[str]:
        yield f"measures of the day: {', '.join(c.name for c in self.measures)}"
        yield from indented(rows_text(self.bars))
