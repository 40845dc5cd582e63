"""Whether a row lies wholly inside a session: `premarket` as a condition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.operator import RowOperator
from tapeql.query.nodes import Column


@dataclass(frozen=True, slots=True)
class SessionFlags(RowOperator):
    """Adds whether the row lies wholly inside a session of its calendar (the reference calendar on 24x7 venues), by
    the session's name. Never NULL."""

    flags: tuple[Column, ...]

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "ts_close"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | {flag.key for flag in self.flags}

    def text(self) -> Iterator[str]:
        yield f"wholly inside: {', '.join(flag.name for flag in self.flags)}"
