"""WHERE: the rows that meet a condition."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.where import Where
from tapeql.operators.operator import Operator
from tapeql.query.nodes import Expr
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause, Place
from tapeql.words.scopes import reader


@settled
def condition(asking: Asking) -> Expr | None:
    clause = asking.clause(Where)
    return None if clause is None else reader(asking).condition(clause.condition)


def adds(asking: Asking) -> tuple[Operator, ...]:
    """The operators with which the verb chooses among its rows."""
    return asking.verb.chooses(condition(asking))


CLAUSE: Final = Clause((Where,), "WHERE says which rows are kept", place=Place.WHERE, adds=adds)
