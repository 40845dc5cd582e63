"""RANGES: maximal runs of consecutive bars that meet a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from tapeql.operators.operator import Cut, Operator
from tapeql.query.columns import RowColumn, RowKind
from tapeql.query.lookback import Lookback
from tapeql.query.nodes import Expr, Type
from tapeql.query.text import expr_text

RUN: Final = RowKind(
    "run",
    (
        RowColumn("symbol", Type.STRING, "the bare code, such as BTCUSDT"),
        RowColumn("exchange", Type.STRING, "the venue the data is stored under"),
        RowColumn("interval", Type.STRING, "the length of the bars, in canonical form"),
        RowColumn("start", Type.INSTANT, "when the first bar of the run opens"),
        RowColumn("end", Type.INSTANT, "when the last bar of the run ends, itself excluded"),
        RowColumn("bars", Type.INT, "how many bars the run holds"),
    ),
)
"""What a row is after Runs; its `ts`, which nobody names, is its start."""


@dataclass(frozen=True, slots=True)
class Runs(Operator):
    """A row for each maximal run of consecutive rows whose condition is TRUE; None: all rows of a symbol are one run.

    Bars are consecutive as `close[1]` sees them: nothing traded, or nothing was open, in between.
    """

    condition: Expr | None

    @property
    def remakes(self) -> bool:
        return True

    def expressions(self) -> tuple[Expr, ...]:
        return () if self.condition is None else (self.condition,)

    def with_expressions(self, new: tuple[Expr, ...]) -> Self:
        return type(self)(*new) if new else self

    def reads(self) -> frozenset[str]:
        return frozenset(("symbol", "exchange", "interval", "ts", "ts_close"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return frozenset((*RUN, "ts"))

    def reach(self) -> Lookback:
        return Lookback()

    @property
    def cut(self) -> Cut:
        return Cut.SYMBOL

    def text(self) -> Iterator[str]:
        yield "runs of bars" + (f" where {expr_text(self.condition)}" if self.condition is not None else "")
