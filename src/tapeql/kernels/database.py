"""DuckDB in memory, for one query."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

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
