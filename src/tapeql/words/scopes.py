"""Where the expressions of a query stand: before its rows are chosen, and behind that."""

from __future__ import annotations

from dataclasses import replace

from tapeql.language.clauses.add import Add
from tapeql.language.clauses.select import Select
from tapeql.query.expressions import Expressions
from tapeql.query.outputs import aliases_of
from tapeql.query.scope import Scope, columns_of
from tapeql.words.asking import Asking, is_long, settled
from tapeql.words.clauses.calendar import market
from tapeql.words.clauses.label import by_close
from tapeql.words.clauses.tz import zone


@settled
def of_rows(asking: Asking) -> Scope:
    """The rows the verb sees: for WHERE."""
    verb, given = asking.verb, asking.given
    add, select = asking.clause(Add), asking.clause(Select)
    items = (*(add.items if add else ()), *(select.items if select else ()))
    return Scope(
        verb.sees,
        is_long(asking),
        columns_of(verb.sees, verb.names, label_close=by_close(asking)),
        market(asking).sessions,
        zone(asking),
        given.now_us,
        given.params,
        given.report,
        reasons=verb.reasons,
        aliases=aliases_of(items),
    )


def of_result(asking: Asking) -> Scope:
    """The rows of the result, where the verb makes others: for ORDER BY, columns and groups."""
    scope, makes = of_rows(asking), asking.verb.makes
    if makes is None:
        return scope
    return replace(scope, rows=makes, long=False, columns=columns_of(makes), sessions=())


@settled
def reader(asking: Asking) -> Expressions:
    """Reads WHERE."""
    return Expressions(of_rows(asking))


@settled
def result_reader(asking: Asking) -> Expressions:
    """Reads ORDER BY, ADD and SELECT; what it has met the result shows."""
    return reader(asking) if asking.verb.makes is None else Expressions(of_result(asking))
