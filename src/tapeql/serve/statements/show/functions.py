"""SHOW functions: every function of the registry, how it is called and what comes out; then what STATS asks of groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Row
from tapeql.serve.statements.show import Shown

COLUMNS: Final = pa.schema(
    [("name", pa.string()), ("call", pa.string()), ("outputs", pa.string()), ("title", pa.string())]
)


def rows(task: Task, planner: Planner) -> Iterator[Row]:
    from tapeql.functions.aggregates import AGGREGATES
    from tapeql.functions.registry import functions

    for name, entry in functions().items():
        inputs = [i.name if i.default is None else f"{i.name}={i.default}" for i in entry.inputs]
        params = [p.name if p.default is None else f"{p.name}={p.default:g}" for p in entry.params]
        yield name, f"{name}({', '.join([*inputs, *params])})", ", ".join(entry.outputs), entry.title
    for name, aggregate in AGGREGATES.items():
        yield name, aggregate.usage, name, f"{aggregate.title} (STATS)"


SHOWN: Final = Shown(COLUMNS, rows)
