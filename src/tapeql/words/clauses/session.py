"""SESSION: the sessions the rows are made from; others do not come in."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.session import Session
from tapeql.query.nodes import SessionSpec
from tapeql.query.sessions import resolve_sessions
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause
from tapeql.words.clauses.calendar import market


@settled
def sessions(asking: Asking) -> tuple[SessionSpec, ...]:
    """Empty where the text says none."""
    return resolve_sessions(asking.clause(Session), market(asking), asking.report)


CLAUSE: Final = Clause((Session,), "SESSION says from which sessions rows are made")
