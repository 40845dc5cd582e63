"""SHOW gaps: what a collector declared missing and has not filled; ids are those still missing, no end means it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Row
from tapeql.serve.statements.show import Shown
from tapeql.serve.statements.show.symbols import ends_of
from tapeql.storage.schema import GAPS, TS

COLUMNS: Final = pa.schema(
    [
        ("exchange", pa.string()),
        ("symbol", pa.string()),
        ("kind", pa.string()),
        ("start", TS),
        ("end", TS),
        ("from_id", pa.int64()),
        ("to_id", pa.int64()),
        ("reason", pa.string()),
    ]
)
_READ: Final = ("ts", "until", "kind", "from_id", "to_id", "filled_to_id", "filled_at", "reason")


def rows(task: Task, planner: Planner) -> Iterator[Row]:
    snapshot = planner.stored()
    for venue, code in snapshot.symbols():
        first, last = ends_of(snapshot.parts(GAPS.name, venue, code))
        if first is None or last is None:
            continue
        for batch in snapshot.scan(GAPS.name, venue, code, first, last + 1, _READ):
            for gap in pa.Table.from_batches([batch]).to_pylist():
                if gap["filled_at"] is None:
                    missing = gap["from_id"] if gap["filled_to_id"] is None else gap["filled_to_id"] + 1
                    yield venue, code, gap["kind"], gap["ts"], gap["until"], missing, gap["to_id"], gap["reason"]


SHOWN: Final = Shown(COLUMNS, rows)
