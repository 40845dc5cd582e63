"""Whether a row lies wholly inside a session: `premarket` as a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import RowOperator


@dataclass(frozen=True, slots=True)
class SessionFlags(RowOperator):
    """Adds `in.<session>` columns: the row lies wholly inside a session of that name of its calendar (the reference
    calendar on 24x7 venues). Never NULL."""

    sessions: tuple[str, ...]

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "ts_close"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | {f"in.{session}" for session in self.sessions}

    def text(self) -> Iterator[str]:
        yield f"wholly inside: {', '.join(self.sessions)}"
