"""SHOW sessions: those of the last date that has begun, of the reference calendar and of every stored symbol's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from tapeql import calendars
from tapeql.query.durations import DAY_US
from tapeql.serve.planner import Planner, Task
from tapeql.serve.statement import Row
from tapeql.serve.statements.show import Shown
from tapeql.storage.schema import TS

COLUMNS: Final = pa.schema(
    [
        ("calendar", pa.string()),
        ("session", pa.string()),
        ("session_date", pa.date32()),
        ("start", TS),
        ("end", TS),
    ]
)


def rows(task: Task, planner: Planner) -> Iterator[Row]:
    now_us = task.now_us
    used = {calendars.calendar_of(venue) for venue, _ in planner.stored().symbols()}
    for calendar in sorted({task.settings.calendar, *used}):
        spans = calendars.named_sessions(calendar, now_us - 14 * DAY_US, now_us + 14 * DAY_US)
        begun = [int(date) for date, start in zip(spans.date, spans.start, strict=True) if start <= now_us]
        for name, date, start, end in zip(spans.name, spans.date, spans.start, spans.end, strict=True):
            if begun and date == begun[-1]:
                yield calendar, name, int(date), int(start), int(end)


SHOWN: Final = Shown(COLUMNS, rows)
