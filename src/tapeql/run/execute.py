"""Plan → Result: finds where reading starts, picks the engine, and says what it did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from tapeql.cancel import Cancel
from tapeql.errors import Diagnostic
from tapeql.kernels.context import Context
from tapeql.operators.operator import Plan
from tapeql.rows.nodes import Bars
from tapeql.run import lake
from tapeql.run.from_end import from_end, limit_from_end
from tapeql.run.locate import located
from tapeql.run.result import Result
from tapeql.run.slices import by_time
from tapeql.storage.snapshot import Snapshot


def execute(plan: Plan, snapshot: Snapshot, cancel: Cancel | None = None) -> Result:
    """The result of a plan. Nothing is read before the first batch is asked for."""
    asked = plan.asked
    context = Context(snapshot, asked.now_us, cancel or Cancel(), memory=asked.settings.memory_bytes)
    info: dict[str, Any] = {
        "snapshot": snapshot.id,
        "now": asked.now_us,
        "engine": engine_of(plan, snapshot),
        "sources": _sources(plan),
        "notes": [*asked.notes, *plan.notes],
    }
    return Result(plan.schema, _batches(plan, context, info), info)


def _batches(plan: Plan, context: Context, info: dict[str, Any]) -> Iterator[pa.RecordBatch]:
    notes = list(dict.fromkeys([*plan.asked.notes, *plan.notes]))

    def run(asked: Plan) -> Iterator[pa.RecordBatch]:
        context.rows_for.clear()
        pieces = by_time(asked, context.snapshot) if engine_of(asked, context.snapshot) == "kernels" else [asked]
        first = located(pieces[0], context)
        notes.extend(note for note in first.notes if note not in notes)
        info["notes"] = notes
        if len(pieces) == 1:
            return _run(first.plan, context)
        return lake.from_slices(asked, pieces, context, lambda piece: located(piece, context).plan)

    limit = limit_from_end(plan)
    rows = 0
    for batch in run(plan) if limit is None else from_end(plan, limit, run):
        rows += batch.num_rows
        yield batch
    info["notes"] = [*notes, *(n for n in _too_few(context) if n not in notes)]
    info["rows"] = rows
    info["counts"] = dict(context.counts)


def _too_few(context: Context) -> Iterator[Diagnostic]:
    """A note for each function that has no value at all because a symbol has too few rows."""
    for (symbol, function, needed), rows in sorted(context.rows_for.items()):
        if rows < needed:
            reason = f"{symbol} has {rows} of the {needed} rows that {function} needs: it is NULL throughout"
            yield Diagnostic("W401", reason)


def engine_of(plan: Plan, snapshot: Snapshot) -> str:
    """Where a plan runs: in its database, in DuckDB where SET engine = sql asks for it, else in the kernels."""
    if snapshot.dialect == "postgres":
        return "postgres"
    return "duckdb" if plan.asked.settings.engine == "sql" else "kernels"


def _run(plan: Plan, context: Context) -> Iterator[pa.RecordBatch]:
    match engine_of(plan, context.snapshot):
        case "postgres":
            from tapeql.run import postgres

            return postgres.execute(plan, context)
        case "duckdb":
            from tapeql.run import duckdb

            return duckdb.execute(plan, context)
        case _:
            return lake.execute(plan, context)


def _sources(plan: Plan) -> dict[str, list[str]]:
    """For each symbol what its rows are built from, in words."""
    if not isinstance(plan.rows, Bars):
        table = type(plan.rows).__name__.lower()
        return {str(feed.symbol): [table] for feed in plan.rows.feeds}
    return {
        str(feed.symbol): list(
            dict.fromkeys("trades" if s.table == "ticks" else f"{s.interval} candles" for s in feed.sources)
        )
        for feed in plan.rows.feeds
    }
