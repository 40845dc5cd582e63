"""TICKS WHERE: the trades that come in; without it their conditions decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tapeql.language.clauses.ticks_where import TicksWhere
from tapeql.query.columns import QUOTE
from tapeql.query.expressions import Expressions
from tapeql.query.nodes import Expr
from tapeql.query.scope import columns_alone
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause
from tapeql.words.scopes import of_rows


@settled
def trades_where(asking: Asking) -> Expr | None:
    clause = asking.clause(TicksWhere)
    if clause is None:
        return None
    alone = replace(of_rows(asking), columns=columns_alone(), row_wise=True, aliases={})
    return Expressions(alone).condition(clause.condition)


CLAUSE: Final = Clause(
    (TicksWhere,),
    "TICKS WHERE filters trades",
    fits=lambda verb, length: verb.sees is not QUOTE,
    instead=lambda written, length: ("filter with WHERE",),
)
