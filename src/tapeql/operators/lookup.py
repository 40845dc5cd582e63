"""Finds the kernel and the SQL of an operator in its folder."""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.series import Series
from tapeql.operators.operator import Operator, Plan
from tapeql.sql.dialects import Unsayable
from tapeql.sql.state import State
from tapeql.sql.statement import Statement


def run(step: Operator, series: Series, context: Context) -> Iterator[Frame]:
    """An operator over the frames of one symbol."""
    frames: Iterator[Frame] = _module(type(step).__module__, "kernel").run(step, series, context)
    return frames


def finish(step: Operator, batches: Iterable[pa.RecordBatch], context: Context) -> Iterable[pa.RecordBatch]:
    """An operator over the batches of all symbols."""
    finished: Iterable[pa.RecordBatch] = _module(type(step).__module__, "kernel").finish(step, batches, context)
    return finished


def lower(step: Operator, state: State, statement: Statement, plan: Plan, prefix: str = "") -> State:
    """An operator as SQL. Raises Unsayable where SQL does not say it."""
    module = _module(type(step).__module__, "sql")
    if module is None:
        raise Unsayable(type(step).__name__)
    lowered: State = module.lower(step, state, statement, plan, prefix)
    return lowered


@functools.cache
def _module(operator: str, name: str) -> Any:
    """A module of the operator's folder; None where it has none of that name."""
    path = f"{operator}.{name}"
    return importlib.import_module(path) if importlib.util.find_spec(path) else None
