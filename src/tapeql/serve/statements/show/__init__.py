"""SHOW answers a list of what there is; each kind of list is a file of this folder with its `SHOWN`."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from tapeql.language.statements.show import Show
from tapeql.run.result import Result
from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Row, Statement, table


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """The columns of a list, and its rows."""

    schema: pa.Schema
    rows: Callable[[Task, Planner], Iterable[Row]]


def schema(show: Show, task: Task, planner: Planner) -> pa.Schema:
    return _list(show).schema


def answer(show: Show, task: Task, planner: Planner) -> Result:
    shown = _list(show)
    return table(shown.schema, shown.rows(task, planner))


def _list(show: Show) -> Shown:
    """The list of a word that the grammar has."""
    found: Shown = importlib.import_module(f"{__name__}.{show.what}").SHOWN
    return found


STATEMENT: Final = Statement((Show,), schema, answer)
