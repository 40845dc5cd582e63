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
    """One column: numpy `values` with a `valid` mask (None: all valid), or an Arrow string array for STRING.

    A FLOAT vector has no mask: NaN stands for NULL.
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
        if self.type is Type.STRING:
            if isinstance(keep, slice):
                return Vector(self.type, self.values[keep])
            if keep.dtype == np.bool_:
                return Vector(self.type, self.values.filter(arrow.mask(keep)))
            return Vector(self.type, self.values.take(arrow.places(keep)))
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

    def to_arrow(self) -> pa.Array:
        if self.type is Type.STRING:
            return self.values.cast(pa.string()) if self.values.type != pa.string() else self.values
        target = ARROW[self.type]
        values = self.values
        if self.type is Type.NULL:
            return pa.nulls(len(values), target)
        if self.type is Type.FLOAT:
            return arrow.array(values, target, ~np.isnan(values))
        return arrow.array(values, target, self.valid)


def from_arrow(array: pa.Array | pa.ChunkedArray, type: Type) -> Vector:
    """An Arrow column of the tape or of a database as a Vector."""
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if type is Type.STRING:
        if pa.types.is_dictionary(array.type):
            array = array.cast(pa.string())
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
    return Vector(type, arrow.filled(array.cast(pa.int64()), 0), valid)


def constant(value: Any, type: Type, length: int) -> Vector:
    """A column with one value in every row; None is NULL."""
    if type is Type.STRING:
        return Vector(type, arrow.repeated(value, length))
    if type is Type.FLOAT:
        return Vector(type, np.full(length, np.nan if value is None else float(value)))
    if value is None or type is Type.NULL:
        return Vector(type, np.zeros(length, DTYPE.get(type, np.float64)), np.zeros(length, np.bool_))
    return Vector(type, np.full(length, value, DTYPE[type]))


def concatenate(vectors: Sequence[Vector]) -> Vector:
    if len(vectors) == 1:
        return vectors[0]
    first = vectors[0]
    if first.type is Type.STRING:
        return Vector(first.type, pa.concat_arrays([v.values for v in vectors]))
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
        columns = {name: vector.take(keep) for name, vector in self.columns.items()}
        if isinstance(keep, slice):
            return Frame(len(range(*keep.indices(self.length))), columns)
        return Frame(int(np.count_nonzero(keep)) if keep.dtype == np.bool_ else len(keep), columns)


def join(frames: Sequence[Frame]) -> Frame:
    """Frames with the same columns, one after another."""
    if len(frames) == 1:
        return frames[0]
    return Frame(
        sum(f.length for f in frames),
        {name: concatenate([f.columns[name] for f in frames]) for name in frames[0].columns},
    )
