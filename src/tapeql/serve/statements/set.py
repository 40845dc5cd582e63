"""SET holds for the statements after it, and answers every setting as it then is."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from tapeql.language.statements.set import Set
from tapeql.query.settings import Settings, apply
from tapeql.run.result import Result
from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Statement, table

SETTINGS: Final = pa.schema([("name", pa.string()), ("value", pa.string())])


def schema(set: Set, task: Task, planner: Planner) -> pa.Schema:
    return SETTINGS


def answer(set: Set, task: Task, planner: Planner) -> Result:
    return table(SETTINGS, task.settings.shown().items())


def sets(set: Set, settings: Settings) -> Settings:
    return apply(settings, set.name, set.value, set.span)


STATEMENT: Final = Statement((Set,), schema, answer, sets)
