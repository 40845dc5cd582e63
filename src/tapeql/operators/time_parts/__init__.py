"""Parts of a row's time: `hour`, `weekday`, `since_open`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import RowOperator
from tapeql.query.parts import PREFIX


@dataclass(frozen=True, slots=True)
class TimeParts(RowOperator):
    """Adds `at.<part>` columns: parts of the row's time in the zone of the rows, and of its place in its session."""

    names: tuple[str, ...]

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "session_date"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | {f"{PREFIX}{name}" for name in self.names}

    def text(self) -> Iterator[str]:
        yield f"parts of the time: {', '.join(self.names)}"
