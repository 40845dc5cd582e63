"""A verb: what a row of the result is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tapeql.query.columns import RowKind
from tapeql.query.nodes import Column, Expr, Interval


@dataclass(frozen=True, slots=True)
class Name:
    """What a verb calls a column of its rows."""

    name: str
    column: Column
    meaning: str


@dataclass(frozen=True, slots=True, eq=False)
class Verb:
    """An entry of the language; it is found by its file in `tapeql.words.verbs`.

    name       as written, small
    sees       the rows its expressions are over
    chooses    the operators that choose among them by the condition of WHERE
    shows      the names of the columns every row of the result shows
    names      further names for columns of the rows
    interval   the length of its bars where the verb itself says it; else a verb over bars is told one
    makes      what a row is once they have chosen, where they make rows of their own
    selects    what its rows say of time, for `|>`: "days", "ranges" or nothing
    selection  the operator that keeps another verb's rows of those times: (query, of any symbol) → operator
    reasons    whether the calls in its conditions are shown as columns
    runs       whether its rows tell of the trades since an anchor
    of_levels  whether those groups are profiles, and its rows the levels of them
    measures   what its rows show of each group, where they are groups of rows and SELECT says nothing else
    """

    name: str
    sees: RowKind
    chooses: Callable[[Expr | None], tuple[Any, ...]]
    shows: tuple[str, ...]
    names: tuple[Name, ...] = ()
    interval: Interval | None = None
    makes: RowKind | None = None
    selects: str = ""
    selection: Callable[[Any, bool], Any] | None = None
    reasons: bool = False
    measures: tuple[Any, ...] = ()
    of_levels: bool = False
    runs: bool = False
