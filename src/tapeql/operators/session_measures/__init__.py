"""Measures of a session of the row's date: `premarket.high`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from tapeql.operators.operator import RowOperator, indented
from tapeql.rows.nodes import Bars
from tapeql.rows.text import rows_text


@dataclass(frozen=True, slots=True)
class SessionMeasures(RowOperator):
    """Adds `<session>.<measure>` columns: the session's own bar of the row's session_date.

    `bars` are 1d bars of that one session. Intraday rows see it only once that session has closed
    (session ts_close <= row ts), rows of a day or longer always. NULL where there is no such session bar;
    quote measures exist also for sessions without trades.
    """

    session: str
    measures: tuple[str, ...]
    bars: Bars

    def attached(self) -> Bars:
        return self.bars

    def with_attached(self, bars: Bars) -> Self:
        return replace(self, bars=bars)

    def reads(self) -> frozenset[str]:
        return frozenset(("ts", "session_date"))

    def columns(self, before: frozenset[str]) -> frozenset[str]:
        return before | {f"{self.session}.{measure}" for measure in self.measures}

    def text(self) -> Iterator[str]:
        yield f"measures of {self.session}: {', '.join(self.measures)}"
        yield from indented(rows_text(self.bars))
