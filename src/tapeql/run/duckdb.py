"""The DuckDB engine: a plan as one SQL statement over the files of a lake."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

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
    with _connection() as connection:
        for name, (function, output) in lowered.functions.items():
            _register(connection, name, function, output)
        with watched(connection.interrupt, cancel):
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


def _register(connection: duckdb.DuckDBPyConnection, name: str, function: str, output: str) -> None:
    """A registry function as `name(list of numbers, …, parameter, …) → list of numbers`, NULL being NaN inside."""
    from tapeql.functions.registry import functions

    entry = functions()[function]
    which = entry.outputs.index(output)
    kernel = entry.kernel
    assert kernel is not None, "the planner expands formulas"
    inputs = len(entry.inputs)

    def run(*columns: Any) -> Any:
        answers = []
        for row in range(len(columns[0])):
            series = [_floats(column[row]) for column in columns[:inputs]]
            params = [
                param.kind(column[row].as_py()) for param, column in zip(entry.params, columns[inputs:], strict=True)
            ]
            answers.append(kernel(series, params)[which])
        return _lists(answers)

    # DuckDB counts the parameters of what it calls
    names = [f"p{n}" for n in range(inputs + len(entry.params))]
    parameters = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in names]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    types: list[Any] = ["DOUBLE[]"] * inputs + ["DOUBLE"] * len(entry.params)
    how: dict[str, Any] = {"type": "arrow", "null_handling": "special"}
    connection.create_function(name, run, types, "DOUBLE[]", **how)


def _floats(values: Any) -> Any:
    import numpy as np

    return np.ascontiguousarray(values.values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _lists(rows: Sequence[Any]) -> Any:
    import numpy as np

    ends = np.cumsum([0, *(len(row) for row in rows)])
    whole = np.concatenate(rows) if rows else np.empty(0)
    finite = np.where(np.isfinite(whole), whole, np.nan)
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), pa.array(finite, pa.float64(), from_pandas=True))
