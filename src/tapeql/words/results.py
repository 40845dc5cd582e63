"""Where the expressions of a query stand behind the choice of its rows: over rows, or what the verb makes of them."""

from __future__ import annotations

from dataclasses import replace

from tapeql.query.expressions import Expressions
from tapeql.query.grouped import GroupExpressions, Key
from tapeql.query.levels import LEVEL, LevelExpressions, of_level
from tapeql.query.scope import Scope, columns_of
from tapeql.query.values import Value
from tapeql.words.asking import Asking, settled
from tapeql.words.clauses.per import keys
from tapeql.words.scopes import of_rows, reader


def of_result(asking: Asking) -> Scope:
    """The rows of the result, where the verb makes others: for ORDER BY, columns and groups."""
    scope, makes = of_rows(asking), asking.verb.makes
    if asking.verb.measures:
        return replace(scope, columns={}, sessions=())
    if makes is None:
        return scope
    return replace(scope, rows=makes, long=False, columns=columns_of(makes), sessions=())


@settled
def result_reader(asking: Asking) -> Expressions:
    """Reads ORDER BY, ADD and SELECT; what it has met the result shows."""
    verb = asking.verb
    if verb.of_levels:
        return level_reader(asking)
    return reader(asking) if verb.makes is None and not verb.measures else new_reader(asking)


@settled
def group_reader(asking: Asking) -> GroupExpressions:
    """Reads what is told of groups of rows."""
    return GroupExpressions(of_result(asking), rows=reader(asking), keys=keys(asking))


@settled
def level_reader(asking: Asking) -> LevelExpressions:
    """Reads what is told of the levels of profiles."""
    own = [*keys(asking), *(Key(name, name, Value(of_level(name)), of_level(name)) for name in LEVEL)]
    scope = replace(of_result(asking), columns={key.name: key.column for key in own})
    return LevelExpressions(scope, keys=own)


def new_reader(asking: Asking) -> Expressions:
    """A reader of the result, which has met nothing yet."""
    if asking.verb.of_levels:
        return level_reader(asking)
    return group_reader(asking) if asking.verb.measures else Expressions(of_result(asking))
