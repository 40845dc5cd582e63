"""DuckDB in memory, for one query."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from tapeql import limits
from tapeql.cancel import Cancel, watched
from tapeql.errors import LimitError, StoreError

if TYPE_CHECKING:
    import duckdb

_SETTINGS: Final[dict[str, str]] = {
    # Sums are made in the order of the rows, so one snapshot gives the same bits every time.
    "threads": "1",
    "preserve_insertion_order": "true",
    # a wrong guess of sizes must not turn a merge into a square
    "asof_loop_join_threshold": "0",
    "python_enable_replacements": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


@contextmanager
def in_memory(memory_bytes: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of this query's own; what does not fit goes to the system's folder for temporary files."""
    import tempfile

    import duckdb

    limit = {} if memory_bytes is None else {"memory_limit": f"{memory_bytes}B"}
    with tempfile.TemporaryDirectory(prefix="tapeql-", ignore_cleanup_errors=True) as spill:
        connection = duckdb.connect(":memory:", config={**_SETTINGS, **limit, "temp_directory": spill})
        try:
            connection.execute("SET TimeZone = 'UTC'; SET lock_configuration = true")
            yield connection
        finally:
            connection.close()


def asked_of(
    rows: Iterator[pa.RecordBatch], sql: str, memory_bytes: int, cancel: Cancel, why: str
) -> Iterator[pa.RecordBatch]:
    """What a statement over the batches, which it calls `rows`, answers; nothing where there are none.

    Raises LimitError where `why` needs more memory and cannot be put aside.
    """
    import duckdb

    first = next(rows, None)
    if first is None:
        return
    coming = _Coming(first, rows)
    with in_memory(memory_bytes) as connection, watched(connection.interrupt, cancel):
        try:
            connection.register("rows", coming.reader())
            for batch in connection.sql(sql).to_arrow_reader(limits.BATCH_ROWS):
                if batch.num_rows:
                    yield batch
        except duckdb.OutOfMemoryException:
            raise too_much(why, memory_bytes) from None
        except (duckdb.Error, pa.ArrowException) as error:
            cancel.check()
            raise coming.failure or StoreError(f"DuckDB could not answer: {error}") from error


def too_much(why: str, memory_bytes: int) -> LimitError:
    """What a query is told that may not use more memory."""
    return LimitError(
        f"{why} needs more than {memory_bytes / (1 << 20):,.0f} MB at once: ask for a shorter range, fewer symbols or columns, "
        "or allow more with `SET memory`",
        "QUERY_MEMORY_BYTES",
    )


class _Coming:
    """Batches on their way into DuckDB. What goes wrong before it is kept, since DuckDB would tell it in words of its own."""

    def __init__(self, first: pa.RecordBatch, others: Iterator[pa.RecordBatch]) -> None:
        self._first, self._others = first, others
        self.failure: Exception | None = None

    def reader(self) -> pa.RecordBatchReader:
        return pa.RecordBatchReader.from_batches(self._first.schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in itertools.chain([self._first], self._others):
                yield batch.cast(self._first.schema)
        except Exception as error:
            self.failure = error
            raise
