"""A frame: some consecutive rows of one symbol as typed arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql import arrow
from tapeql.query.arrow_types import ARROW
from tapeql.query.nodes import Type

Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]

DTYPE: dict[Type, Any] = {
    Type.FLOAT: np.float64,
    Type.INT: np.int64,
    Type.INSTANT: np.int64,
    Type.DATE: np.int64,
    Type.TIME: np.int64,
    Type.DURATION: np.int64,
    Type.BOOL: np.bool_,
}


@dataclass(frozen=True, slots=True, eq=False)
class Vector:
    """One column: numpy `values` with a `valid` mask (None: all valid); for STRING an Arrow array of strings, or a
    dictionary of them, which is how texts that repeat are stored.

    A FLOAT vector has no mask: NaN stands for NULL. Values are only read: a constant is one value for all rows.
    """

    type: Type
    values: Any
    valid: Bools | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def nbytes(self) -> int:
        return int(self.values.nbytes) + (0 if self.valid is None else self.valid.nbytes)

    @property
    def is_valid(self) -> Bools:
        if self.type is Type.FLOAT:
            missing: Bools = np.isnan(self.values)
            return ~missing
        if self.type is Type.STRING:
            return arrow.bools(self.values.is_valid())
        return np.ones(len(self.values), dtype=np.bool_) if self.valid is None else self.valid

    def take(self, keep: Any) -> Vector:
        """Rows by boolean mask, index array or slice."""
        if not isinstance(keep, slice) and keep.dtype == np.bool_:
            keep = np.flatnonzero(keep)
        if self.type is Type.STRING:
            taken = self.values[keep] if isinstance(keep, slice) else self.values.take(arrow.places(keep))
            return Vector(self.type, taken)
        return Vector(self.type, self.values[keep], None if self.valid is None else self.valid[keep])

    def floats(self) -> npt.NDArray[np.float64]:
        """The numbers as float64 with NaN for NULL."""
        if self.type is Type.FLOAT:
            return self.values  # type: ignore[no-any-return]
        if self.type is Type.NULL:
            return np.full(len(self.values), np.nan)
        out: npt.NDArray[np.float64] = self.values.astype(np.float64)
        if self.valid is not None:
            out[~self.valid] = np.nan
        return out

    @property
    def one_text(self) -> str | None:
        """The text of every row, where that is known of a STRING vector without looking at them."""
        values = self.values
        if pa.types.is_dictionary(values.type) and len(values.dictionary) == 1 and values.null_count == 0:
            return str(values.dictionary[0])
        return None

    def texts(self) -> pa.Array:
        """The texts of a STRING vector, spelled out in every row."""
        same = self.one_text
        if same is not None:
            return arrow.repeated(same, len(self.values))
        return self.values if self.values.type == pa.string() else self.values.cast(pa.string())

    def to_arrow(self) -> pa.Array:
        if self.type is Type.STRING:
            return self.texts()
        target = ARROW[self.type]
        values = self.values
        if self.type is Type.NULL:
            return pa.nulls(len(values), target)
        if self.type is Type.FLOAT:
            missing = np.isnan(values)
            return arrow.array(values, target, ~missing if missing.any() else None)
        return arrow.array(values, target, self.valid)


def from_arrow(array: pa.Array | pa.ChunkedArray, type: Type) -> Vector:
    """An Arrow column of the tape or of a database as a Vector."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if type is Type.STRING:
        return Vector(type, array)
    if type is Type.FLOAT:
        values = arrow.floats(array)
        infinite = np.isinf(values)
        return Vector(type, np.where(infinite, np.nan, values) if infinite.any() else values)
    valid = arrow.valid(array)
    if type is Type.BOOL:
        return Vector(type, arrow.bools(array), valid)
    if type is Type.DATE:
        array = array.cast(pa.int32())
    return Vector(type, arrow.instants(array) if valid is None else arrow.filled(array.cast(pa.int64()), 0), valid)


def constant(value: Any, type: Type, length: int) -> Vector:
    """A column with one value in every row, held once; None is NULL."""
    if type is Type.STRING:
        return Vector(type, arrow.repeated(None, length) if value is None else arrow.same(value, length))
    if type is Type.FLOAT:
        return Vector(type, same(np.nan if value is None else float(value), length, np.float64))
    if value is None or type is Type.NULL:
        return Vector(type, same(0, length, DTYPE.get(type, np.float64)), same(False, length, np.bool_))
    return Vector(type, same(value, length, DTYPE[type]))


def same(value: Any, length: int, dtype: Any) -> Array:
    """An array with one value everywhere, held once, to be read only."""
    held = np.array(value, dtype)
    held.flags.writeable = False
    return np.ndarray(length, dtype, held, strides=(0,))


def concatenate(vectors: Sequence[Vector]) -> Vector:
    if len(vectors) == 1:
        return vectors[0]
    first = vectors[0]
    if first.type is Type.STRING:
        alike = len({v.values.type for v in vectors}) == 1
        return Vector(first.type, pa.concat_arrays([v.values if alike else v.texts() for v in vectors]))
    masks = None if all(v.valid is None for v in vectors) else np.concatenate([v.is_valid for v in vectors])
    return Vector(
        first.type, np.concatenate([v.values for v in vectors]), masks if first.type is not Type.FLOAT else None
    )


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Rows of one symbol in (ts, seq) order: columns by name, all of `length`."""

    length: int
    columns: Mapping[str, Vector]

    @property
    def nbytes(self) -> int:
        return sum(vector.nbytes for vector in self.columns.values())

    def __getitem__(self, name: str) -> Vector:
        return self.columns[name]

    def with_columns(self, more: Mapping[str, Vector]) -> Frame:
        return Frame(self.length, {**self.columns, **more})

    def take(self, keep: Any) -> Frame:
        """Rows by boolean mask, index array or slice."""
        if isinstance(keep, slice):
            length = len(range(*keep.indices(self.length)))
            if length == self.length:
                return self
        else:
            keep = np.flatnonzero(keep) if keep.dtype == np.bool_ else keep
            length = len(keep)
        return Frame(length, {name: vector.take(keep) for name, vector in self.columns.items()})


def join(frames: Sequence[Frame]) -> Frame:
    """Frames with the same columns, one after another."""
    if len(frames) == 1:
        return frames[0]
    return Frame(
        sum(f.length for f in frames),
        {name: concatenate([f.columns[name] for f in frames]) for name in frames[0].columns},
    )
