"""SELECT, ADD: the columns of the result."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.add import Add
from tapeql.language.clauses.select import Select
from tapeql.operators.operator import Operator
from tapeql.operators.project import Project
from tapeql.query.outputs import resolve_columns
from tapeql.words.asking import Asking
from tapeql.words.clause import Clause, Place
from tapeql.words.clauses.bands import running
from tapeql.words.clauses.label import by_close
from tapeql.words.clauses.limit import groups
from tapeql.words.clauses.order_by import keys
from tapeql.words.grouping import grouped
from tapeql.words.profiling import profiled
from tapeql.words.results import result_reader
from tapeql.words.scopes import shown


def adds(asking: Asking) -> tuple[Operator, ...]:
    """The columns of the result, and beside them what ORDER BY and LIMIT PER need."""
    add, select = asking.clause(Add), asking.clause(Select)
    if add and select:
        asking.report.add(
            "E207",
            "ADD appends to the usual columns, SELECT replaces them; a query has one of the two",
            max(add.span, select.span, key=lambda span: span.start),
            "move what is ADDed into SELECT",
        )
    sorted_by = keys(asking)  # what they use is shown before what is ADDed
    if asking.verb.of_levels:
        return profiled(asking, (*sorted_by, *groups(asking)))
    if asking.verb.measures:
        return grouped(asking, (*sorted_by, *groups(asking)))
    shows = ["ts_open" if by_close(asking) and name == "ts_close" else name for name in _shows(asking)]
    columns = resolve_columns(result_reader(asking), [*shows, *shown(asking)], add, select)
    return (Project(columns, (*sorted_by, *groups(asking))),)


def _shows(asking: Asking) -> list[str]:
    """The columns of every row, bands behind the price they are around."""
    shows = list(asking.verb.shows)
    if asking.verb.runs:
        at = shows.index("vwap")
        shows[at : at + 1] = running(asking)
    return shows


CLAUSE: Final = Clause((Add, Select), "ADD and SELECT say the columns", place=Place.COLUMNS, adds=adds)
