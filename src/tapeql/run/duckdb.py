"""The DuckDB engine: a plan as one SQL statement over the files of a lake."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from tapeql import limits
from tapeql.cancel import watched
from tapeql.errors import StoreError
from tapeql.kernels.context import Context
from tapeql.kernels.database import in_memory
from tapeql.operators.operator import Plan
from tapeql.run import pushed
from tapeql.run.batches import conformed
from tapeql.run.lower import Lowered


def execute(plan: Plan, context: Context) -> Iterator[pa.RecordBatch]:
    """The result of a located plan over a lake, in batches of its schema. Raises StoreError where DuckDB fails."""
    return pushed.execute(plan, context, "duckdb", _rows)


def _rows(lowered: Lowered, context: Context) -> Iterator[pa.RecordBatch]:
    import duckdb

    cancel = context.cancel
    cancel.check()
    with in_memory() as connection, watched(connection.interrupt, cancel):
        try:
            reader = connection.sql(lowered.sql()).to_arrow_reader(limits.BATCH_ROWS)
            for batch in reader:
                cancel.check()
                if batch.num_rows:
                    yield conformed(batch, lowered.schema)
        except (duckdb.Error, pa.ArrowException) as error:
            cancel.check()
            raise StoreError(f"DuckDB could not answer: {error}") from error
