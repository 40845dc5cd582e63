"""CANDLES 1h FROM …: a query answers its rows, streamed."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from tapeql.language.statements.query import Pipe, Pipeline, Query
from tapeql.run.execute import execute
from tapeql.run.result import Result
from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Statement


def schema(query: Pipeline, task: Task, planner: Planner) -> pa.Schema:
    return planner.schema(query, task)


def answer(query: Pipeline, task: Task, planner: Planner) -> Result:
    return execute(*planner.planned(query, task), task.cancel)


STATEMENT: Final[Statement[Pipeline]] = Statement((Query, Pipe), schema, answer)
