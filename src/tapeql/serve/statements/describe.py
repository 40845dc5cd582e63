"""DESCRIBE answers the properties of a function, a column, a measure or a session; of a query, its columns and their types."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from tapeql.language.statements.describe import Describe
from tapeql.run.result import Result
from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Statement, table

PROPERTIES: Final = pa.schema([("property", pa.string()), ("value", pa.string())])
COLUMNS: Final = pa.schema([("column", pa.string()), ("type", pa.string())])


def schema(describe: Describe, task: Task, planner: Planner) -> pa.Schema:
    return PROPERTIES if isinstance(describe.subject, str) else COLUMNS


def answer(describe: Describe, task: Task, planner: Planner) -> Result:
    match describe.subject:
        case str() as name:
            from tapeql.words.describe import facts

            return table(PROPERTIES, facts(name, describe.span, task.request.query))
        case query:
            plan, _ = planner.planned(query, task)
            return table(COLUMNS, [(field.name, str(field.type)) for field in plan.schema])


STATEMENT: Final = Statement((Describe,), schema, answer)
