"""EXPLAIN answers a text, a line a row: the plan, the SQL of the snapshot's engine, what is read before the range and in
all, or when what it says is known."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from tapeql.language.statements.explain import Explain
from tapeql.run.result import Result
from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Statement, table

LINES: Final = pa.schema([("line", pa.string())])


def schema(explain: Explain, task: Task, planner: Planner) -> pa.Schema:
    return LINES


def answer(explain: Explain, task: Task, planner: Planner) -> Result:
    from tapeql.plan.text import describe, warmup
    from tapeql.run.execute import engine_of

    if explain.what == "lookahead":
        from tapeql.words import known_at

        return _lines(known_at.table(planner.understood(explain.query, task), task.request.query))
    found, snapshot = planner.located(explain.query, task)
    plan = found.plan
    match explain.what:
        case "sql" | "sql full":
            from tapeql.run.lower import explain_sql

            text = explain_sql(plan, snapshot, snapshot.dialect, full=explain.what == "sql full")
        case "warmup":
            text = warmup(plan)
        case "cost":
            from tapeql.plan.cost import cost

            text = f"engine {engine_of(plan, snapshot)}\n{cost(plan, snapshot)}"
        case _:
            text = f"engine {engine_of(plan, snapshot)}\n{describe(plan)}"
    return _lines(text)


def _lines(text: str) -> Result:
    return table(LINES, [(line,) for line in text.rstrip("\n").split("\n")])


STATEMENT: Final = Statement((Explain,), schema, answer)
