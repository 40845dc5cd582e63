"""The small tables that EXPLAIN, DESCRIBE, SHOW and SET answer, each with a fixed schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from tapeql import arrow, calendars
from tapeql.cancel import Cancel
from tapeql.errors import Span
from tapeql.language import syntax
from tapeql.operators.operator import Plan
from tapeql.query.durations import DAY_US
from tapeql.query.settings import Settings
from tapeql.storage.schema import GAPS, OHLCV, QUOTES, TICKS, TS
from tapeql.storage.snapshot import Part, Snapshot

LINES: Final = pa.schema([pa.field("line", pa.string())])
"""EXPLAIN: a text, a line a row."""

SETTINGS: Final = pa.schema([pa.field("name", pa.string()), pa.field("value", pa.string())])

PROPERTIES: Final = pa.schema([pa.field("property", pa.string()), pa.field("value", pa.string())])
"""DESCRIBE of a name."""

COLUMNS: Final = pa.schema([pa.field("column", pa.string()), pa.field("type", pa.string())])
"""DESCRIBE of a query."""

SHOWN: Final = {
    "symbols": pa.schema(
        [
            pa.field("exchange", pa.string()),
            pa.field("symbol", pa.string()),
            pa.field("calendar", pa.string()),
            pa.field("trades", pa.int64()),
            pa.field("quotes", pa.int64()),
            pa.field("candles", pa.string()),
            pa.field("start", TS),
            pa.field("end", TS),
        ]
    ),
    "functions": pa.schema(
        [
            pa.field("name", pa.string()),
            pa.field("call", pa.string()),
            pa.field("outputs", pa.string()),
            pa.field("title", pa.string()),
        ]
    ),
    "sessions": pa.schema(
        [
            pa.field("calendar", pa.string()),
            pa.field("session", pa.string()),
            pa.field("session_date", pa.date32()),
            pa.field("start", TS),
            pa.field("end", TS),
        ]
    ),
    "sources": pa.schema(
        [
            pa.field("exchange", pa.string()),
            pa.field("symbol", pa.string()),
            pa.field("table", pa.string()),
            pa.field("interval", pa.string()),
            pa.field("parts", pa.int64()),
            pa.field("rows", pa.int64()),
            pa.field("start", TS),
            pa.field("end", TS),
        ]
    ),
    "gaps": pa.schema(
        [
            pa.field("exchange", pa.string()),
            pa.field("symbol", pa.string()),
            pa.field("kind", pa.string()),
            pa.field("start", TS),
            pa.field("end", TS),
            pa.field("from_id", pa.int64()),
            pa.field("to_id", pa.int64()),
            pa.field("reason", pa.string()),
        ]
    ),
}
"""SHOW: `start` and `end` are the first and the last row's `ts`; of a session, its opening and its close."""


Row = tuple[Any, ...]


# ── EXPLAIN ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def explain(what: str, plan: Plan, snapshot: Snapshot, cancel: Cancel) -> pa.Table:
    """The plan, the SQL of the snapshot's engine, or what is read before the range."""
    from tapeql.kernels.context import Context
    from tapeql.plan.text import describe, warmup
    from tapeql.run.execute import engine_of
    from tapeql.run.locate import located

    plan = located(plan, Context(snapshot, plan.asked.now_us, cancel)).plan
    match what:
        case "sql" | "sql full":
            from tapeql.run.lower import explain_sql

            text = explain_sql(plan, snapshot, snapshot.dialect, full=what == "sql full")
        case "warmup":
            text = warmup(plan)
        case _:
            text = f"engine {engine_of(plan, snapshot)}\n{describe(plan)}"
    return _table(LINES, [(line,) for line in text.rstrip("\n").split("\n")])


# ── DESCRIBE ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def describe_schema(statement: syntax.Describe) -> pa.Schema:
    return PROPERTIES if isinstance(statement.subject, str) else COLUMNS


def describe_name(name: str, span: Span, source: str) -> pa.Table:
    """The properties of a function, a column, a measure or a session; QueryError for a name nothing answers to."""
    from tapeql.words.describe import facts

    return _table(PROPERTIES, facts(name, span, source))


def describe_query(plan: Plan) -> pa.Table:
    """The columns of a query's result, with their Arrow types."""
    return _table(COLUMNS, [(field.name, str(field.type)) for field in plan.schema])


# ── SHOW ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def show(what: str, snapshot: Snapshot, settings: Settings, now_us: int) -> pa.Table:
    rows: Iterable[Row]
    match what:
        case "symbols":
            rows = _symbols(snapshot)
        case "functions":
            rows = _functions()
        case "sessions":
            rows = _sessions(snapshot, settings, now_us)
        case "gaps":
            rows = _gaps(snapshot)
        case _:
            rows = _sources(snapshot)
    return _table(SHOWN[what], rows)


def _symbols(snapshot: Snapshot) -> Iterator[Row]:
    for venue, code in snapshot.symbols():
        trades, quotes = (snapshot.parts(t.name, venue, code) for t in (TICKS, QUOTES))
        intervals = snapshot.intervals(venue, code)
        candles = [p for i in intervals for p in snapshot.parts(OHLCV.name, venue, code, i)]
        start, end = _ends([*trades, *quotes, *candles])
        yield (
            venue,
            code,
            calendars.calendar_of(venue),
            sum(p.rows for p in trades),
            sum(p.rows for p in quotes),
            " ".join(intervals),
            start,
            end,
        )


def _sources(snapshot: Snapshot) -> Iterator[Row]:
    for venue, code in snapshot.symbols():
        kinds = [(TICKS.name, ""), (QUOTES.name, ""), *((OHLCV.name, i) for i in snapshot.intervals(venue, code))]
        for table, interval in kinds:
            parts = snapshot.parts(table, venue, code, interval)
            if parts:
                count = sum(p.rows for p in parts)
                yield (venue, code, table, interval or None, len(parts), count, *_ends(parts))


def _gaps(snapshot: Snapshot) -> Iterator[Row]:
    """What a collector declared missing and has not filled; ids are those still missing, no end means it goes on."""
    columns = ("ts", "until", "kind", "from_id", "to_id", "filled_to_id", "filled_at", "reason")
    for venue, code in snapshot.symbols():
        parts = snapshot.parts(GAPS.name, venue, code)
        first, last = _ends(parts)
        if first is None or last is None:
            continue
        for batch in snapshot.scan(GAPS.name, venue, code, first, last + 1, columns):
            for gap in pa.Table.from_batches([batch]).to_pylist():
                if gap["filled_at"] is None:
                    missing = gap["from_id"] if gap["filled_to_id"] is None else gap["filled_to_id"] + 1
                    yield venue, code, gap["kind"], gap["ts"], gap["until"], missing, gap["to_id"], gap["reason"]


def _ends(parts: Sequence[Part]) -> tuple[int | None, int | None]:
    return min((p.min_us for p in parts), default=None), max((p.max_us for p in parts), default=None)


def _functions() -> Iterator[Row]:
    from tapeql.functions.registry import functions

    for name, entry in functions().items():
        inputs = [i.name if i.default is None else f"{i.name}={i.default}" for i in entry.inputs]
        params = [p.name if p.default is None else f"{p.name}={p.default:g}" for p in entry.params]
        yield name, f"{name}({', '.join([*inputs, *params])})", ", ".join(entry.outputs), entry.title


def _sessions(snapshot: Snapshot, settings: Settings, now_us: int) -> Iterator[Row]:
    """The sessions of the last date that has begun, of the reference calendar and of every stored symbol's."""
    used = {calendars.calendar_of(venue) for venue, _ in snapshot.symbols()}
    for calendar in sorted({settings.calendar, *used}):
        spans = calendars.named_sessions(calendar, now_us - 14 * DAY_US, now_us + 14 * DAY_US)
        begun = [int(date) for date, start in zip(spans.date, spans.start, strict=True) if start <= now_us]
        for name, date, start, end in zip(spans.name, spans.date, spans.start, spans.end, strict=True):
            if begun and date == begun[-1]:
                yield calendar, name, int(date), int(start), int(end)


# ── SET ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def settings(shown: Mapping[str, str | None]) -> pa.Table:
    return _table(SETTINGS, shown.items())


def _table(schema: pa.Schema, rows: Iterable[Row]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.Table.from_arrays([_column(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if any(isinstance(value, datetime) for value in values):
        return pa.array(values, kind)
    return arrow.column(values, kind)
