"""Between numpy and Arrow by their buffers.

Arrow's own `to_numpy`, `pa.array` and `pa.scalar` load pandas when first called, which is a third of a start.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_DAYS: Final = pa.date32()


_EXPORTS: Final = ("__arrow_c_stream__", "__arrow_c_array__", "__dataframe__", "to_arrow_table", "fetch_arrow_table")


def is_table(value: object) -> bool:
    """Whether a value looks like a table of any library; none is loaded to tell."""
    return any(hasattr(value, name) for name in _EXPORTS)


def integers(column: pa.Array) -> npt.NDArray[Any]:
    """An Arrow array of numbers without NULLs, not copied."""
    return np.from_dlpack(column)


def instants(column: pa.Array) -> npt.NDArray[np.int64]:
    """Instants or whole numbers without NULLs as int64, not copied where they are."""
    whole = column.view(pa.int64()) if pa.types.is_timestamp(column.type) else column.cast(pa.int64())
    found: npt.NDArray[np.int64] = integers(whole)
    return found


def floats(column: pa.Array) -> Floats:
    """Numbers as float64 with NaN for NULL."""
    if column.type != pa.float64():
        column = column.cast(pa.float64())
    known = valid(column)
    return integers(column) if known is None else np.where(known, _stored(column), np.nan)


def filled(column: pa.Array, value: int) -> npt.NDArray[Any]:
    """Whole numbers with `value` for NULL."""
    known = valid(column)
    return integers(column) if known is None else np.where(known, _stored(column), value)


def whole(column: pa.Array) -> pa.Array:
    """Instants and spans of time as whole numbers, not copied; anything else as it is."""
    return column.view(pa.int64()) if pa.types.is_temporal(column.type) and column.type.bit_width == 64 else column


def bools(column: pa.Array) -> Bools:
    """An Arrow array of booleans, False for NULL."""
    known = valid(column)
    flags: Bools = _stored(column.cast(pa.uint8())).view(np.bool_)
    return flags if known is None else flags & known


def valid(column: pa.Array) -> Bools | None:
    """Where there is a value; None: everywhere."""
    return None if column.null_count == 0 else bools(column.is_valid())


def _stored(column: pa.Array) -> npt.NDArray[Any]:
    """What lies in the array, also where it is NULL."""
    buffers = [None, column.buffers()[1]]
    return integers(pa.Array.from_buffers(column.type, len(column), buffers, offset=column.offset))


def array(values: npt.NDArray[Any], kind: pa.DataType, valid: Bools | None = None) -> pa.Array:
    """Booleans, numbers, instants (µs) and dates (days) as Arrow, NULL where they are not valid."""
    if kind == pa.bool_():
        content = _bits(values)
    else:
        width = np.int32 if kind == _DAYS else np.int64 if pa.types.is_temporal(kind) else kind.to_pandas_dtype()
        content = pa.py_buffer(np.ascontiguousarray(values, dtype=width))
    known = None if valid is None or valid.all() else _bits(valid)
    return pa.Array.from_buffers(kind, len(values), [known, content])


def column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Plain Python values as Arrow, None for NULL; instants are µs, dates days."""
    if kind == pa.string():
        return texts(values)
    known = np.array([value is not None for value in values], dtype=np.bool_)
    return array(np.array([0 if value is None else value for value in values], dtype=np.int64), kind, known)


def mask(keep: Bools) -> pa.Array:
    return array(keep, pa.bool_())


def places(rows: npt.NDArray[np.integer[Any]]) -> pa.Array:
    return array(rows, pa.int64())


def texts(values: Sequence[str | None]) -> pa.Array:
    """A few texts as Arrow."""
    encoded = [(value or "").encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    known = np.array([value is not None for value in values], dtype=np.bool_)
    buffers = [None if known.all() else _bits(known), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def text(value: str) -> pa.Scalar:
    return texts([value])[0]


def same(value: str, count: int) -> pa.Array:
    """One text for all rows, as a dictionary."""
    zeros = pa.py_buffer(np.zeros(count, np.int32)) if count > _FEW else _zeros()
    places = pa.Array.from_buffers(pa.int32(), count, [None, zeros])
    return pa.DictionaryArray.from_arrays(places, _alone(value), safe=False)


_FEW: Final = 1 << 10


@functools.cache
def _zeros() -> pa.Buffer:
    return pa.py_buffer(np.zeros(_FEW, np.int32))


@functools.lru_cache
def _alone(value: str) -> pa.Array:
    return texts([value])


def repeated(value: str | None, count: int) -> pa.Array:
    if value is None:
        return pa.nulls(count, pa.string())
    encoded = value.encode()
    ends = np.arange(count + 1, dtype=np.int32) * np.int32(len(encoded))
    return pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(ends), pa.py_buffer(encoded * count)])


def _bits(flags: Bools) -> pa.Buffer:
    return pa.py_buffer(np.packbits(flags, bitorder="little"))
