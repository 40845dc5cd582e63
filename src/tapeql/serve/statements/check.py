"""CHECK answers the notes and lints of a query, a row each: none where all is well. A wrong one is refused as when it is asked."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from tapeql.errors import NOWHERE, Diagnostic
from tapeql.language.statements.check import Check
from tapeql.run.result import Result
from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Row, Statement, table

NOTES: Final = pa.schema(
    [
        ("code", pa.string()),
        ("line", pa.int64()),
        ("column", pa.int64()),
        ("words", pa.string()),
        ("reason", pa.string()),
        ("hints", pa.string()),
    ]
)
"""`words` are those of the text that a note is about, `line` and `column` (from 1) where they begin; NULL where it is the whole."""


def schema(check: Check, task: Task, planner: Planner) -> pa.Schema:
    return NOTES


def answer(check: Check, task: Task, planner: Planner) -> Result:
    found, _ = planner.located(check.query, task)
    notes = dict.fromkeys([*found.plan.asked.notes, *found.plan.notes, *found.notes])
    return table(NOTES, (_row(note, task.request.query) for note in notes))


def _row(note: Diagnostic, text: str) -> Row:
    start, end = note.span.start, note.span.end
    place = (text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start), text[start:end])
    return (note.code, *(place if note.span != NOWHERE else (None, None, None)), note.reason, "; ".join(note.hints))


STATEMENT: Final = Statement((Check,), schema, answer)
