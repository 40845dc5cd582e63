"""Rows to and from PostgreSQL by COPY of CSV, which Arrow reads and writes a block at a time."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from tapeql.storage.schema import TS, Table

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

_COPY_ROWS: Final = 65_536


def copy_in(connection: psycopg.Connection[Any], into: str, rows: pa.Table) -> None:
    """Appends rows to a table with columns of these names."""
    from psycopg import sql

    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(into), sql.SQL(", ").join(map(sql.Identifier, rows.column_names))
    )
    written = pa.table([_as_text(c) if pa.types.is_list(c.type) else c for c in rows.columns], names=rows.column_names)
    with connection.cursor().copy(statement) as copy:
        for batch in written.to_batches(_COPY_ROWS):
            text = io.BytesIO()
            # Quotes tell an empty text from NULL.
            pa.csv.write_csv(batch, text, pa.csv.WriteOptions(include_header=False, quoting_style="all_valid"))
            copy.write(text.getvalue())


def copy_out(
    connection: psycopg.Connection[Any],
    table: Table,
    columns: Sequence[str],
    rest: sql.Composable,
    values: Sequence[Any],
) -> pa.Table:
    """The named columns of `SELECT … FROM table` followed by `rest`, in the types of the table."""
    from psycopg import sql

    fields = [table.schema.field(name) for name in columns]
    instant = sql.SQL("(extract(epoch FROM {}) * 1000000)::bigint")
    read = [(instant if f.type == TS else sql.SQL("{}")).format(sql.Identifier(f.name)) for f in fields]
    statement = sql.SQL("COPY (SELECT {} FROM {} {}) TO STDOUT (FORMAT csv)").format(
        sql.SQL(", ").join(read), sql.Identifier(table.name), rest
    )
    text = io.BytesIO()
    with connection.cursor().copy(statement, values) as copy:
        for block in copy:
            text.write(block)
    schema = pa.schema(fields)
    if text.tell() == 0:
        return schema.empty_table()
    text.seek(0)
    rows = pa.csv.read_csv(
        text,
        pa.csv.ReadOptions(column_names=list(columns)),
        convert_options=pa.csv.ConvertOptions(
            column_types={f.name: _written_as(f.type) for f in fields},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )
    arrays = [
        _from_text(c) if pa.types.is_list(f.type) else c.cast(f.type) for c, f in zip(rows.columns, fields, strict=True)
    ]
    return pa.table(arrays, schema=schema).combine_chunks()


def _written_as(kind: pa.DataType) -> pa.DataType:
    if kind == TS:
        return pa.int64()
    return pa.string() if pa.types.is_list(kind) else kind


def _as_text(lists: pa.ChunkedArray) -> pa.ChunkedArray:
    """Lists of numbers as PostgreSQL writes arrays: {1,2.5}"""
    return pc.binary_join_element_wise("{", pc.binary_join(lists.cast(pa.list_(pa.string())), ","), "}", "")


def _from_text(arrays: pa.ChunkedArray) -> pa.ChunkedArray:
    inner = pc.utf8_slice_codeunits(arrays, 1, -1)
    # an empty text splits into one empty text
    lists = pc.split_pattern(inner, ",").cast(pa.list_(pa.string()))
    none = pa.array([[]], lists.type)[0]
    return pc.if_else(pc.equal(inner, ""), none, lists).cast(pa.list_(pa.float64()))
