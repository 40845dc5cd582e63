"""DURING, SINCE, UNTIL: the rows asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import RowOperator
from tapeql.query.text import instant_text


@dataclass(frozen=True, slots=True)
class InRange(RowOperator):
    """Keeps rows with start_us <= ts < end_us (None: unbounded) and, unless keep_partial, complete bars."""

    start_us: int | None
    end_us: int | None
    keep_partial: bool

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "complete"))

    def text(self) -> Iterator[str]:
        since = "everything" if self.start_us is None else f"from {instant_text(self.start_us)}"
        until = "" if self.end_us is None else f" before {instant_text(self.end_us)}"
        yield f"range: {since}{until}" + (", unfinished bars too" if self.keep_partial else "")
