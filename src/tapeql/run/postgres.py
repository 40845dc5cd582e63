"""The Postgres engine: statements run in the database that holds the rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

import pyarrow as pa

from tapeql.cancel import watched
from tapeql.errors import StoreError
from tapeql.kernels.context import Context
from tapeql.operators.operator import Plan
from tapeql.run import pushed
from tapeql.run.batches import conformed
from tapeql.run.lower import Lowered

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
    return pushed.execute(plan, context, "postgres", _rows)


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
