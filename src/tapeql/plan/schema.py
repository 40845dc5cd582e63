"""The Arrow schema of a result: it follows from the text and the catalogue, before anything runs."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from tapeql import calendars
from tapeql.operators.operator import Query
from tapeql.operators.project import result_columns
from tapeql.query.arrow_types import ARROW


def result_schema(query: Query, lookback_rows: int | None) -> pa.Schema:
    """Columns in order, and as metadata what text and catalogue determine."""
    asked, rows = query.asked, query.rows
    names = sorted({feed.calendar for feed in rows.feeds})
    metadata: dict[bytes | str, bytes | str] = {
        "tapeql.query": asked.source,
        "tapeql.canonical": asked.canonical,
        "tapeql.hash": hashlib.sha256(asked.canonical.encode()).hexdigest(),
        "tapeql.zone": rows.zone,
        "tapeql.calendar": ",".join(names),
        "tapeql.calendar_version": ",".join(calendars.version(name) for name in names),
        "tapeql.reference_calendar": rows.reference,
        "tapeql.adjustment": "none",
        "tapeql.warmup_rows": "all" if lookback_rows is None else str(lookback_rows),
    }
    return pa.schema([pa.field(c.name, ARROW[c.expr.type]) for c in result_columns(query.steps)], metadata)
