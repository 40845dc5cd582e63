"""Session labels of rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql import calendars
from tapeql.query.nodes import Type
from tapeql.run.kernels.frame import Vector

Instants = npt.NDArray[np.int64]


def session_vector(calendar: str, reference: str, start: Instants, end: Instants | None) -> Vector:
    """The named session in which [start, end), or the instant `start`, lies wholly; NULL outside all of them."""
    index, spans = calendars.row_sessions(calendar, reference, start, end)
    names = sorted(set(spans.name))
    codes = np.array([names.index(name) for name in spans.name] or [0], dtype=np.int32)[np.maximum(index, 0)]
    labels = pa.DictionaryArray.from_arrays(pa.array(codes, mask=index < 0), pa.array(names or [""], pa.string()))
    return Vector(Type.STRING, labels.cast(pa.string()))
