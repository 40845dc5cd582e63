"""Rows beside the bars of their dates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tapeql.calendars.grid import NO_DATE
from tapeql.kernels.frame import Frame, Vector, constant
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Bars, Feed

Instants = npt.NDArray[np.int64]


def feed_of(bars: Bars, feed: Feed) -> Feed:
    return next(f for f in bars.feeds if f.symbol == feed.symbol)


def matching(days: Frame, frame: Frame, known_at: Instants | None) -> npt.NDArray[np.intp]:
    """For each row of the frame, the row of `days` with its session date, known by then; -1 where there is none."""
    dates: Instants = days["session_date"].values
    if len(dates) == 0:
        return np.full(frame.length, -1)
    wanted = np.where(frame["session_date"].is_valid, frame["session_date"].values, NO_DATE)
    index = np.minimum(np.searchsorted(dates, wanted), len(dates) - 1)
    found = dates[index] == wanted
    if known_at is not None:
        found &= known_at[index] <= frame["ts"].values
    return np.where(found, index, -1)


def picked(vector: Vector, index: npt.NDArray[np.intp]) -> Vector:
    """Rows by index; NULL for -1."""
    there = index >= 0
    if len(vector) == 0:
        return constant(None, vector.type, len(index))
    taken = vector.take(np.maximum(index, 0))
    if vector.type is Type.FLOAT:
        return Vector(vector.type, np.where(there, taken.values, np.nan))
    return Vector(vector.type, taken.values, taken.is_valid & there)
