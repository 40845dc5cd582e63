"""LIMIT: the first rows of the result, or the last, of all or of each group."""

from __future__ import annotations

from typing import Final

from tapeql.language import syntax
from tapeql.language.clauses.limit import Limit as LimitClause
from tapeql.operators.take import Take
from tapeql.query.nodes import Column, Expr, Limit, OutputColumn, Type
from tapeql.words.asking import Asking, settled
from tapeql.words.clause import Clause, Place
from tapeql.words.clauses.per import of_dates
from tapeql.words.results import new_reader

_MOST_ROWS: Final = 2**63 - 1


@settled
def per(asking: Asking) -> tuple[Expr, ...]:
    """The expressions whose values tell groups apart."""
    clause = asking.clause(LimitClause)
    reader = new_reader(asking)
    found = [reader.output(of_dates(written)) for written in clause.per] if clause else []
    if any(isinstance(expr, Column) and expr.name == "symbol" for expr in found):
        found.insert(0, Column("exchange", Type.STRING))  # a symbol is one of a venue
    return tuple(dict.fromkeys(found))


def groups(asking: Asking) -> tuple[OutputColumn, ...]:
    """What tells groups apart, as columns beside those of the result."""
    return tuple(OutputColumn(f"per.{n}", expr) for n, expr in enumerate(per(asking)))


def adds(asking: Asking) -> tuple[Take, ...]:
    clause = asking.clause(LimitClause)
    if clause is None:
        return ()
    rows: object = clause.rows
    if isinstance(clause.rows, syntax.Parameter):
        rows = asking.given.params.get(clause.rows.name, 0)
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 0:
        asking.report.add("E208", f"LIMIT is a number of rows, 0 or more, not {rows!r}", clause.span)
        return ()
    if rows > _MOST_ROWS:
        asking.report.add("E208", f"LIMIT goes up to {_MOST_ROWS}", clause.span, "leave LIMIT out for all rows")
        return ()
    return (Take(Limit(rows, per(asking), clause.last)),)


CLAUSE: Final = Clause((LimitClause,), "LIMIT says how many rows are kept", place=Place.LIMIT, adds=adds)
