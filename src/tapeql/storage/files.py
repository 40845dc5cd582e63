"""One Parquet file of the lake: sorted rows in the layout that decodes fastest, written once and never again.

A file holds the rows of one series and partition, or, in `live/`, stretches of those of many, each sorted.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from tapeql.errors import StoreError
from tapeql.storage.schema import Table

_DICTIONARIES: Final = ("side", "conditions", "market", "kind", "ts_source")
_DICTIONARY: Final = pa.dictionary(pa.int32(), pa.string())
_DELTA: Final = {
    "ts": "DELTA_BINARY_PACKED",
    "seq": "DELTA_BINARY_PACKED",
    "trades": "DELTA_BINARY_PACKED",
    "trade_id": "DELTA_BYTE_ARRAY",
    "update_id": "DELTA_BINARY_PACKED",
    "first_update_id": "DELTA_BINARY_PACKED",
    "recv_ts": "DELTA_BINARY_PACKED",
}


def write_file(path: Path, table: Table, rows: pa.Table, groups: Sequence[int] = ()) -> int:
    """Writes rows to a new file, on disk when this returns. Returns its bytes.

    One row group: a query reads whole days. `groups` are the rows of each, where a reader wants only some of them.
    lz4 with delta-packed instants measured half the decoding time of the default zstd at the same size.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "xb") as sink:
        with pq.ParquetWriter(
            sink,
            rows.schema,
            compression="lz4",
            use_dictionary=[name for name in _DICTIONARIES if name in table.schema.names],
            column_encoding={name: how for name, how in _DELTA.items() if name in table.schema.names},
        ) as writer:
            start = 0
            for count in groups or [max(rows.num_rows, 1)]:
                writer.write_table(rows.slice(start, count), row_group_size=count)
                start += count
        sink.flush()
        os.fsync(sink.fileno())
        return sink.tell()


def read_file(
    path: Path,
    table: Table,
    columns: Sequence[str],
    first_row: int = 0,
    count: int | None = None,
    spelled: bool = True,
) -> pa.Table:
    """The named columns in the order named, one chunk each; a column the file does not have is NULL.

    All rows, or `count` from `first_row` on; only the row groups that hold them are decoded. Texts that repeat are
    `spelled` out, which costs as much as to decode all of a trade, or come as dictionaries.
    """
    try:
        file = pq.ParquetFile(
            pa.OSFile(str(path)), pre_buffer=False, read_dictionary=[name for name in _DICTIONARIES if name in columns]
        )
        stored = file.schema_arrow.names
        present = [name for name in columns if name in stored]
        # One thread decodes a file: more cost CPU without being sooner while others work beside it.
        if count is None:
            rows = file.read(present, use_threads=False)
        else:
            groups, skipped = _groups(file, first_row, count)
            rows = file.read_row_groups(groups, present, use_threads=False)
            rows = rows.slice(first_row - skipped, count)
        rows = rows.combine_chunks()
    except FileNotFoundError:
        raise StoreError(
            f"{path} is gone: this snapshot of the lake is older than what is kept. Ask again for the present one."
        ) from None
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path} cannot be read: {error}") from error
    fields = [
        field.with_type(_DICTIONARY) if name in _DICTIONARIES and not spelled else field
        for name, field in ((name, table.schema.field(name)) for name in columns)
    ]
    arrays = [
        _as(field.type, rows.column(field.name)) if field.name in stored else pa.nulls(rows.num_rows, field.type)
        for field in fields
    ]
    return pa.table(arrays, schema=pa.schema(fields))


def _as(kind: pa.DataType, column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """Decoded as a dictionary and then spelled out, a text takes half the time; a cast that changes nothing takes some, one of
    nothing more."""
    if column.type == kind:
        return column
    return column.cast(kind) if column.null_count < len(column) else pa.nulls(len(column), kind)


def _groups(file: pq.ParquetFile, first_row: int, count: int) -> tuple[list[int], int]:
    """The row groups that hold these rows, and how many rows stand before them."""
    groups, skipped, start = [], 0, 0
    for group in range(file.num_row_groups):
        end = start + file.metadata.row_group(group).num_rows
        if end <= first_row:
            skipped = end
        elif start < first_row + count:
            groups.append(group)
        start = end
    return groups, skipped


def fsync_folder(path: Path) -> None:
    """Makes the names in a folder durable, as fsync makes a file's bytes."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
