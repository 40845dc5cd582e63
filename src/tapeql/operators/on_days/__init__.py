"""ON DAYS WHERE and `|>` after DAYS: the rows of chosen days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tapeql.operators.chosen import Chosen
from tapeql.operators.operator import indented, plan_text


@dataclass(frozen=True, slots=True)
class OnDays(Chosen):
    """Keeps rows whose (symbol, session_date) — or session_date alone — is in the result of a DAYS query."""

    def reads(self) -> frozenset[str]:
        return frozenset(("session_date",))

    def text(self) -> Iterator[str]:
        yield "on the days of"
        yield from indented(plan_text(self.by))
