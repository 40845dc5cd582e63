"""SESSION premarket, 08:00 .. 16:30 OF XLON: what the rows are made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.errors import Span
from tapeql.language import vocabulary
from tapeql.language.reading import Children, nodes, span, time
from tapeql.language.syntax import Clause, Time
from tapeql.language.writing import format_expr, name_in


@dataclass(frozen=True, slots=True)
class NamedSession:
    name: str
    span: Span

    def write(self) -> str:
        return name_in(self.name, vocabulary.reserved())


@dataclass(frozen=True, slots=True)
class TimeSession:
    """`08:00 .. 16:30 OF XLON`: local times of `calendar`, the symbol's own when None."""

    start: Time
    end: Time
    calendar: str | None
    span: Span

    def write(self) -> str:
        return f"{format_expr(self.start)} .. {format_expr(self.end)}" + (f" OF {self.calendar}" * bool(self.calendar))


@dataclass(frozen=True, slots=True)
class Session(Clause):
    sessions: tuple[NamedSession | TimeSession, ...]
    span: Span

    def write(self) -> str:
        return ", ".join(session.write() for session in self.sessions)


def session(c: Children) -> Session:
    return Session(nodes(c), span(c))


def session_span(c: Children) -> NamedSession | TimeSession:
    if len(c) == 1:
        return NamedSession(str(c[0]), span(c))
    return TimeSession(time(c[0]), time(c[2]), str(c[4]) if len(c) == 5 else None, span(c))


RULES: Final = (session, session_span)
