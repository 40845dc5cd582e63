"""Whether the meaning of a query rests on named sessions."""

from __future__ import annotations

from tapeql.operators.operator import Query
from tapeql.query.rewriting import column_names


def session_words(query: Query) -> bool:
    if any(session.start_us is None for session in query.rows.sessions):
        return True
    return any(_of_session(name) for step in query.steps for expr in step.expressions() for name in column_names(expr))


def _of_session(name: str) -> bool:
    session, dot, _ = name.partition(".")
    return bool(dot) and session not in ("day", "at", "order", "per")
