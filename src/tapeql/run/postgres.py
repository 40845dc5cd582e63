"""The Postgres engine: as much of a plan as the database can say, then the same kernels on what comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa

from tapeql import limits
from tapeql.errors import StoreError
from tapeql.plan.nodes import Feed, OnDays, Plan
from tapeql.query.nodes import Type
from tapeql.run import lake
from tapeql.run.batches import conformed
from tapeql.run.cancel import Cancel
from tapeql.run.kernels.context import Context
from tapeql.run.kernels.frame import Frame, from_arrow
from tapeql.run.kernels.steps import finished, symbol_batches
from tapeql.sql.dialects import Unsayable
from tapeql.sql.lower import ARROW, FEED_COLUMN, Lowered, lower

SETTINGS: Final = {
    # one order of summation, so the same rows give the same bits
    "max_parallel_workers_per_gather": "0",
    "synchronize_seqscans": "off",
    # statements are long and run once
    "jit": "off",
    # joins are with small tables of constants the planner knows nothing about: a wrong guess must not cost a square
    "enable_nestloop": "off",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
}


class Database(Protocol):
    """A snapshot that hands out connections inside itself."""

    def connect(self) -> AbstractContextManager[Any]: ...


def execute(plan: Plan, context: Context) -> Iterator[pa.RecordBatch]:
    """The result of a located plan over a database, in batches of its schema."""
    try:
        lowered = lower(plan, context.snapshot, "postgres")
    except Unsayable:
        return lake.execute(plan, context)
    batches = _rows(lowered, context)
    if lowered.pushed_steps == len(plan.steps):
        return batches
    return finished(plan, _projected(plan, lowered, batches, context))


def _projected(
    plan: Plan, lowered: Lowered, batches: Iterator[pa.RecordBatch], context: Context
) -> Iterator[pa.RecordBatch]:
    """The steps the database could not say, symbol by symbol."""
    steps = [step for step in lake.row_steps(plan) if step in plan.steps[lowered.pushed_steps :]]
    keys = {id(step): lake.day_keys(step, context) for step in steps if isinstance(step, OnDays)}
    feeds = {(f.symbol.venue, f.symbol.code, f.calendar): f for f in plan.rows.feeds}
    for number, frames in _by_feed(lowered, batches):
        feed: Feed = feeds[lowered.feeds[number]]
        yield from symbol_batches(plan, steps, feed, frames, context, lambda step: keys[id(step)])


def _by_feed(lowered: Lowered, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, Iterator[Frame]]]:
    """Runs of rows of one symbol, each to be read before the next is asked for."""
    types = {ARROW[type]: type for type in Type if type is not Type.NULL}
    pieces = _pieces(batches)
    waiting = next(pieces, None)

    def run(number: int) -> Iterator[Frame]:
        nonlocal waiting
        while waiting is not None and waiting[0] == number:
            batch = waiting[1]
            columns = {
                field.name: from_arrow(batch.column(field.name), types[field.type])
                for field in lowered.schema
                if field.name != FEED_COLUMN
            }
            waiting = next(pieces, None)
            yield Frame(batch.num_rows, columns)

    while waiting is not None:
        number = waiting[0]
        yield number, run(number)
        while waiting is not None and waiting[0] == number:
            waiting = next(pieces, None)


def _pieces(batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[int, pa.RecordBatch]]:
    for batch in batches:
        numbers = batch.column(FEED_COLUMN).to_numpy(zero_copy_only=False)
        edges = np.flatnonzero(np.diff(numbers)) + 1
        for first, last in zip([0, *edges], [*edges, len(numbers)], strict=True):
            yield int(numbers[first]), batch.slice(first, last - first)


# ── the database ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows(lowered: Lowered, context: Context) -> Iterator[pa.RecordBatch]:
    context.cancel.check()
    database: Database = context.snapshot  # type: ignore[assignment]
    with database.connect() as connection, connection.cursor() as cursor:
        for name, value in SETTINGS.items():
            cursor.execute(f"SET LOCAL {name} = '{value}'")
        try:
            with watched(cursor.adbc_cancel, context.cancel):
                cursor.execute(lowered.sql())
                for batch in cursor.fetch_record_batch():
                    context.cancel.check()
                    if batch.num_rows:
                        yield conformed(batch, lowered.schema)
        except GeneratorExit:
            raise
        except Exception as error:
            context.cancel.check()
            if isinstance(error, pa.ArrowException | OSError):
                raise StoreError(f"the database could not answer: {error}") from error
            raise


@contextmanager
def watched(stop: Callable[[], None], cancel: Cancel) -> Iterator[None]:
    """Asks the server to stop soon after the query is cancelled."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(limits.CANCEL_POLL_S):
            if cancel.cancelled:
                stop()
                return

    watcher = threading.Thread(target=watch, name="tapeql-postgres-watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
