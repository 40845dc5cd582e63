"""AROUND: the rows around the stretches of another query, for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tapeql.operators.chosen import Chosen
from tapeql.operators.operator import Cut, indented, plan_text
from tapeql.query.columns import RowColumn
from tapeql.query.durations import elapsed_text
from tapeql.query.nodes import Type

COLUMNS: Final = (
    RowColumn("event_id", Type.INT, "which event of its symbol a row lies around, counted from 1 by when they begin"),
    RowColumn(
        "rel_bar", Type.INT, "how many rows behind the first one that begins in the event or later; below 0 before it"
    ),
)
"""What a row is told of the event it lies around."""

EVENT: Final = frozenset(("exchange", "symbol", "start", "end"))
"""What must be known of an event."""


@dataclass(frozen=True, slots=True)
class Around(Chosen):
    """Keeps rows that begin in [start - before_us, end + after_us) of an event, once for each event."""

    before_us: int
    after_us: int

    def reads(self) -> frozenset[str]:
        return frozenset(("ts",))

    @property
    def adds(self) -> frozenset[str]:
        return frozenset(column.name for column in COLUMNS)

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | self.adds

    @property
    def cut(self) -> Cut:
        return Cut.SYMBOL

    @property
    def sees_range(self) -> bool:
        return True

    def text(self) -> Iterator[str]:
        told = ((self.before_us, "before"), (self.after_us, "after"))
        reach = " and ".join(f"{elapsed_text(us)} {side}" for us, side in told if us)
        yield f"around each row{f', {reach},' if reach else ''} of"
        yield from indented(plan_text(self.by))
