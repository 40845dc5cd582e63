"""JSON: one array of objects, an object a line, keys in column order, NULL as null."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from tapeql import arrow
from tapeql.export.text import is_bare, text

if TYPE_CHECKING:
    from tapeql.run.result import Result

SUFFIX = ".json"


def write(result: Result, sink: BinaryIO) -> None:
    sink.write(b"[")
    before = b"\n"
    for batch in result.batches:
        if batch.num_rows:
            sink.write(before + _objects(batch))
            before = b",\n"
    sink.write(b"\n]\n")


def _objects(batch: pa.RecordBatch) -> bytes:
    keys = [json.dumps(name, ensure_ascii=False) for name in batch.schema.names]
    members = [
        pc.binary_join_element_wise(arrow.text(f"{key}:"), _value(column), arrow.text(""))
        for key, column in zip(keys, batch.columns, strict=True)
    ]
    rows = pc.binary_join_element_wise(*members, arrow.text(",")).to_pylist()
    return ",\n".join(f"{{{row}}}" for row in rows).encode()


def _value(column: pa.Array) -> pa.Array:
    written = text(column)
    if pa.types.is_string(column.type):
        written = _strings(written)
    elif not is_bare(column.type):
        quote = arrow.text('"')
        written = pc.binary_join_element_wise(quote, written, quote, arrow.text(""))
    return pc.fill_null(written, arrow.text("null"))


def _strings(values: pa.Array) -> pa.Array:
    """JSON strings; each different text is escaped once."""
    coded = values.dictionary_encode()
    escaped = arrow.texts([json.dumps(v, ensure_ascii=False) for v in coded.dictionary.to_pylist()])
    return escaped.take(coded.indices)
