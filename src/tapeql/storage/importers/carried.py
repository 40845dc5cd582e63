"""Columns in which a blank cell says that nothing changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tapeql.arrow import mask


@dataclass(slots=True)
class Carried:
    """The numbers of some fields, each standing until the next one; rows come in the order of their file."""

    fields: Sequence[str]
    last: dict[str, float | None] = field(default_factory=dict)

    def fill(self, name: str, numbers: pa.Array, unread: Sequence[int]) -> pa.Array:
        """With the last one where there is none; behind a cell that could not be read nothing is known until the next."""
        unknown = np.zeros(len(numbers), np.bool_)
        unknown[list(unread)] = True
        marked = pc.if_else(mask(unknown), pa.scalar(float("nan")), numbers)
        before = pa.array([self.last.get(name)], pa.float64())
        filled = pc.fill_null_forward(pa.concat_arrays([before, marked]))[1:]
        if len(filled):
            self.last[name] = filled[-1].as_py()
        return pc.if_else(pc.is_nan(filled), pa.scalar(None, pa.float64()), filled)

    def anew(self) -> Carried:
        return Carried(self.fields)
