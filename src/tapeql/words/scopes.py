"""Where the expressions of a query stand that choose among its rows."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql.language.clauses.add import Add
from tapeql.language.clauses.around import Around
from tapeql.language.clauses.match import Match
from tapeql.language.clauses.select import Select
from tapeql.operators.around import COLUMNS as OF_EVENTS
from tapeql.operators.match import COLUMNS as MATCHED
from tapeql.query.expressions import Expressions
from tapeql.query.nodes import Column, Of
from tapeql.query.outputs import aliases_of
from tapeql.query.scope import Scope, columns_of
from tapeql.words.asking import Asking, is_long, length, settled
from tapeql.words.clauses.asof_quotes import SHOWN
from tapeql.words.clauses.asof_quotes import columns as prevailing_columns
from tapeql.words.clauses.bands import running
from tapeql.words.clauses.calendar import market
from tapeql.words.clauses.label import by_close
from tapeql.words.clauses.tz import zone


@settled
def of_rows(asking: Asking) -> Scope:
    """The rows the verb sees: for WHERE."""
    verb, given = asking.verb, asking.given
    add, select = asking.clause(Add), asking.clause(Select)
    items = (*(add.items if add else ()), *(select.items if select else ()))
    columns, own = columns_of(verb.sees, verb.names, label_close=by_close(asking)), length(asking)
    columns |= running(asking)
    if own is not None and own.by:  # their number a day is not known before they are made
        columns.pop("bar_of_day")
    return Scope(
        verb.sees,
        is_long(asking),
        columns | told(asking),
        market(asking).sessions,
        zone(asking),
        given.now_us,
        given.params,
        given.report,
        reasons=verb.reasons,
        aliases=aliases_of(items),
    )


@settled
def told(asking: Asking) -> dict[str, Column]:
    """The columns that clauses add to the rows, by name."""
    found = dict(prevailing_columns(asking))
    if asking.clause(Match) is not None and asking.verb.makes is None:
        found |= {column.name: Column(column.name, column.type) for column in MATCHED}
    if asking.clause(Around) is not None and asking.verb.makes is None:
        found |= {column.name: Column(column.name, column.type) for column in OF_EVENTS}
    return found


def shown(asking: Asking) -> Iterator[str]:
    """Which of them every row shows; the others where they are mentioned."""
    return (name for name, column in told(asking).items() if column.of is not Of.PREVAILING or name in SHOWN)


@settled
def reader(asking: Asking) -> Expressions:
    """Reads WHERE."""
    return Expressions(of_rows(asking))
