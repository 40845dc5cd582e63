"""Whether the meaning of a query rests on named sessions."""

from __future__ import annotations

from tapeql.operators.operator import Query
from tapeql.query.nodes import Of, OfDate
from tapeql.query.rewriting import columns_in


def session_words(query: Query) -> bool:
    if any(session.start_us is None for session in query.rows.sessions):
        return True
    read = (column for step in query.steps for expr in step.expressions() for column in columns_in(expr))
    return any(c.of is Of.SESSIONS or (isinstance(c.of, OfDate) and c.of.session is not None) for c in read)
