"""CSV: a header, commas, lines ended by a newline, text quoted only where it must be, NULL an empty field."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from tapeql import arrow
from tapeql.export.text import text

if TYPE_CHECKING:
    from tapeql.run.result import Result

SUFFIX = ".csv"

_SPECIAL = '[",\r\n]'


def write(result: Result, sink: BinaryIO) -> None:
    header = _quoted(arrow.texts(result.schema.names)).to_pylist()
    sink.write((",".join(header) + "\n").encode())
    for batch in result.batches:
        if batch.num_rows:
            sink.write(_lines(batch))


def _lines(batch: pa.RecordBatch) -> bytes:
    # A blank line would be no row at all to most readers, so a lone NULL is quoted.
    null = "" if batch.num_columns > 1 else '""'
    fields = [pc.fill_null(_field(column), arrow.text(null)) for column in batch.columns]
    rows = pc.binary_join_element_wise(*fields, arrow.text(","))
    return ("\n".join(rows.to_pylist()) + "\n").encode()


def _field(column: pa.Array) -> pa.Array:
    written = text(column)
    return _quoted(written) if pa.types.is_string(column.type) else written


def _quoted(values: pa.Array) -> pa.Array:
    """Quotes what holds a comma, a quote or a line end, and the empty text, which would read as NULL."""
    special = pc.or_(pc.match_substring_regex(values, _SPECIAL), pc.equal(values, arrow.text("")))
    if not pc.any(special).as_py():
        return values
    quote = arrow.text('"')
    doubled = pc.replace_substring(values, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise(quote, doubled, quote, arrow.text("")), values)
