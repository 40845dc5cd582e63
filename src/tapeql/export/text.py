"""Values as text, whole columns at a time: instants in ISO 8601 UTC, numbers in their shortest exact form."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tapeql import arrow


def text(column: pa.Array) -> pa.Array:
    """A string array; NULL stays NULL.

    `2025-03-10T13:30:00Z`, with six digits of a second where there is a fraction; `2025-03-10`; `true`; the shortest
    decimal that reads back as the same double.
    """
    kind = column.type
    if pa.types.is_timestamp(kind):
        utc = column.cast(pa.timestamp("us", tz="UTC")).cast(pa.timestamp("us"))
        stamps = pc.replace_substring(pc.strftime(utc, format="%Y-%m-%dT%H:%M:%S"), ".000000", "")
        return pc.binary_join_element_wise(stamps, arrow.text("Z"), arrow.text(""))
    if pa.types.is_dictionary(kind):
        return text(column.dictionary_decode())
    if pa.types.is_string(kind):
        return column
    if pa.types.is_time(kind):
        return pc.replace_substring(column.cast(pa.string()), ".000000", "")
    if pa.types.is_duration(kind):
        return arrow.texts([None if us is None else _elapsed(us) for us in column.cast(pa.int64()).to_pylist()])
    return column.cast(pa.string())


def _elapsed(us: int) -> str:
    """`1:30:00`, with six digits of a second where there is a fraction."""
    seconds, fraction = divmod(us, 1_000_000)
    text = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{fraction:06}" if fraction else text


def is_bare(kind: pa.DataType) -> bool:
    """Numbers and booleans, which JSON writes without quotes."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))
