"""Parts of a row's time: `hour`, `weekday`, `since_open`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import RowOperator
from tapeql.query.nodes import Column


@dataclass(frozen=True, slots=True)
class TimeParts(RowOperator):
    """Adds parts of the row's time in the zone of the rows, and of its place in its session."""

    parts: tuple[Column, ...]

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "session_date"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | {part.key for part in self.parts}

    def text(self) -> Iterator[str]:
        yield f"parts of the time: {', '.join(part.name for part in self.parts)}"
