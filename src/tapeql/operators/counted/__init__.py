"""Trades that count for volume, by their sale conditions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import RowOperator


@dataclass(frozen=True, slots=True)
class Counted(RowOperator):
    """Keeps trades that the rules of their tape let count for volume; all where there are none. Only after Ticks."""

    def reads(self) -> frozenset[str]:
        return frozenset(("conditions",))

    def text(self) -> Iterator[str]:
        yield "trades that count for volume"
