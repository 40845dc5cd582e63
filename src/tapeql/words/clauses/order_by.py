"""ORDER BY: the order of the rows."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.order_by import OrderBy
from tapeql.operators.sort import Sort
from tapeql.query.nodes import Column, Order, OutputColumn
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause, Place
from tapeql.words.clauses.where import condition
from tapeql.words.results import result_reader


@settled
def keys(asking: Asking) -> tuple[OutputColumn, ...]:
    """What is sorted by, as columns beside those of the result."""
    clause = asking.clause(OrderBy)
    condition(asking)  # what it uses is shown first
    items = clause.items if clause else ()
    return tuple(OutputColumn(f"order.{n}", result_reader(asking).output(item.value)) for n, item in enumerate(items))


def adds(asking: Asking) -> tuple[Sort, ...]:
    clause = asking.clause(OrderBy)
    if clause is None:
        return ()
    columns = (Column(key.name, key.expr.type) for key in keys(asking))
    return (Sort(tuple(Order(key, item.descending) for key, item in zip(columns, clause.items, strict=True))),)


CLAUSE: Final = Clause((OrderBy,), "ORDER BY says the order of the rows", place=Place.ORDER, adds=adds)
