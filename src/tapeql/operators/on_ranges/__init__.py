"""`|>` after RANGES: the rows inside chosen stretches of time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.chosen import Chosen
from tapeql.operators.operator import indented, plan_text


@dataclass(frozen=True, slots=True)
class OnRanges(Chosen):
    """Keeps rows that begin in a stretch [start, end) of the result of a RANGES query."""

    def reads(self) -> frozenset[str]:
        return frozenset(("ts",))

    def text(self) -> Iterator[str]:
        yield "in the ranges of"
        yield from indented(plan_text(self.by))
