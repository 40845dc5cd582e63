"""A statement: what it answers, and what it changes for those after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import pyarrow as pa

from tapeql import arrow
from tapeql.language import syntax
from tapeql.query.settings import Settings
from tapeql.run.result import Result
from tapeql.serve.planner import Planner, Task

S = TypeVar("S", bound=syntax.Statement)

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Statement(Generic[S]):
    """An entry of the language; it is found by its file in `tapeql.serve.statements`.

    nodes    as it is written; several where they are answered alike
    schema   the exact schema of its answer, without running anything
    answer   its answer; mistakes in the text are raised here, before any batch
    sets     the settings of the statements after it; without, it comes last
    """

    nodes: tuple[type[S], ...]
    schema: Callable[[S, Task, Planner], pa.Schema]
    answer: Callable[[S, Task, Planner], Result]
    sets: Callable[[S, Settings], Settings] | None = None


def table(schema: pa.Schema, rows: Iterable[Row]) -> Result:
    """A small answer."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [_column(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return Result(schema, iter(pa.Table.from_arrays(arrays, schema=schema).to_batches()))


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if any(isinstance(value, datetime) for value in values):
        return pa.array(values, kind)
    return arrow.column(values, kind)
