"""Measures of the row's session date: `premarket.high`, and `gap_pct` of the day on intraday rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from tapeql.operators.operator import RowOperator, indented
from tapeql.query.lookback import lookback
from tapeql.query.nodes import Column, Of, OfDate, OutputColumn
from tapeql.rows.nodes import Bars
from tapeql.rows.text import rows_text


@dataclass(frozen=True, slots=True)
class Attach(RowOperator):
    """Adds columns computed over other bars of the symbol, looked up by session date.

    of         what the bars are of: one session of each date, or the whole day
    measures   expressions over those bars; a mean of quotes exists also where nothing traded
    bars       1d bars

    An intraday row sees a session's bar once it has closed, a day's from its opening on; a row of a day or longer sees
    both always. NULL where there is no such bar.
    """

    of: OfDate
    measures: tuple[OutputColumn, ...]
    bars: Bars

    @property
    def seen_from(self) -> str:
        """The column of the bars that says when intraday rows see them."""
        return "ts" if self.of.session is None else "ts_close"

    @property
    def from_bars(self) -> tuple[OutputColumn, ...]:
        return tuple(measure for measure in self.measures if not _is_mean(measure))

    @property
    def means(self) -> tuple[OutputColumn, ...]:
        """Those that are means of quotes."""
        return tuple(measure for measure in self.measures if _is_mean(measure))

    def attached(self) -> Bars:
        return self.bars

    def with_attached(self, bars: Bars) -> Self:
        return replace(self, bars=bars)

    def attached_rows_before(self) -> int:
        return max(lookback(measure.expr).rows or 0 for measure in self.measures)

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "session_date"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | {measure.name for measure in self.measures}

    def text(self) -> Iterator[str]:
        yield f"measures of dates: {', '.join(m.name for m in self.measures)}"
        yield from indented(rows_text(self.bars))


def _is_mean(measure: OutputColumn) -> bool:
    return isinstance(measure.expr, Column) and measure.expr.of is Of.QUOTES
