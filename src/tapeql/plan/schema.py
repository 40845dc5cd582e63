"""The Arrow schema of a result: it follows from the text and the catalogue, before anything runs."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from tapeql import calendars
from tapeql.query.arrow_types import ARROW
from tapeql.query.sentence import Query


def result_schema(query: Query, lookback_rows: int | None) -> pa.Schema:
    """Columns in order, and as metadata what text and catalogue determine."""
    names = sorted({query.calendar or calendars.calendar_of(s.venue) for s in query.symbols})
    metadata: dict[bytes | str, bytes | str] = {
        "tapeql.query": query.source,
        "tapeql.canonical": query.canonical,
        "tapeql.hash": hashlib.sha256(query.canonical.encode()).hexdigest(),
        "tapeql.zone": query.zone,
        "tapeql.calendar": ",".join(names),
        "tapeql.calendar_version": ",".join(calendars.version(name) for name in names),
        "tapeql.reference_calendar": query.reference,
        "tapeql.adjustment": "none",
        "tapeql.warmup_rows": "all" if lookback_rows is None else str(lookback_rows),
    }
    return pa.schema([pa.field(c.name, ARROW[c.expr.type]) for c in query.columns], metadata)
