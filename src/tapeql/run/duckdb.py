"""The DuckDB engine: a plan as one SQL statement over the files of a lake."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from tapeql import limits
from tapeql.cancel import watched
from tapeql.errors import StoreError
from tapeql.kernels.context import Context
from tapeql.operators.operator import Plan
from tapeql.run import pushed
from tapeql.run.batches import conformed
from tapeql.run.lower import Lowered

if TYPE_CHECKING:
    import duckdb

SETTINGS: Final[dict[str, str]] = {
    # Sums are made in the order of the rows, so one snapshot gives the same bits every time.
    "threads": "1",
    "preserve_insertion_order": "true",
    # a wrong guess of sizes must not turn a merge into a square
    "asof_loop_join_threshold": "0",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def execute(plan: Plan, context: Context) -> Iterator[pa.RecordBatch]:
    """The result of a located plan over a lake, in batches of its schema. Raises StoreError where DuckDB fails."""
    return pushed.execute(plan, context, "duckdb", _rows)


def _rows(lowered: Lowered, context: Context) -> Iterator[pa.RecordBatch]:
    import duckdb

    cancel = context.cancel
    cancel.check()
    with _connection() as connection, watched(connection.interrupt, cancel):
        try:
            reader = connection.sql(lowered.sql()).to_arrow_reader(limits.BATCH_ROWS)
            for batch in reader:
                cancel.check()
                if batch.num_rows:
                    yield conformed(batch, lowered.schema)
        except (duckdb.Error, pa.ArrowException) as error:
            cancel.check()
            raise StoreError(f"DuckDB could not answer: {error}") from error


@contextmanager
def _connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory of this query's own; what does not fit goes to the system's folder for temporary files."""
    import tempfile

    import duckdb

    with tempfile.TemporaryDirectory(prefix="tapeql-", ignore_cleanup_errors=True) as spill:
        connection = duckdb.connect(":memory:", config={**SETTINGS, "temp_directory": spill})
        try:
            connection.execute("SET TimeZone = 'UTC'; SET lock_configuration = true")
            yield connection
        finally:
            connection.close()
