"""EVERY: in which stretch of the grid a row lies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tapeql.operators.operator import RowOperator
from tapeql.query.nodes import Align, Column, Interval, Type
from tapeql.rows.nodes import Bars, Rows

OPENING: Final = Column("bucket.ts", Type.INSTANT)
CLOSING: Final = Column("bucket.ts_close", Type.INSTANT)


@dataclass(frozen=True, slots=True)
class Buckets(RowOperator):
    """When the bar of `interval` opens and closes that would hold each row, on the grid of its symbol.

    Rows that no such bar holds (pre-market ones and days of the regular session, say) are left out.
    """

    interval: Interval
    align: Align

    def reads(self) -> frozenset[str]:
        return frozenset(("ts",))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | {OPENING.name, CLOSING.name}

    def bars(self, rows: Rows) -> Bars:
        """The bars that would hold these rows."""
        return Bars(self.interval, rows.feeds, rows.sessions, self.align, None, rows.zone, rows.reference)

    def text(self) -> Iterator[str]:
        yield f"every {self.interval.text}"
