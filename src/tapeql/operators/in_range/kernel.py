"""Rows by their instant; reading stops behind the range."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.series import Series
from tapeql.operators.in_range import InRange


def run(step: InRange, series: Series, context: Context) -> Iterator[Frame]:
    for frame in series.frames:
        kept = frame.take(stretch(step, frame))
        if not step.keep_partial and "complete" in frame.columns and not (whole := kept["complete"].values).all():
            kept = kept.take(whole)
        if kept.length:
            yield kept
        if step.end_us is not None and frame.length and frame["ts"].values[-1] >= step.end_us:
            return


def stretch(range: InRange, frame: Frame) -> slice:
    """Where the instants asked for stand in a frame: its rows are in order."""
    ts = frame["ts"].values
    first = 0 if range.start_us is None else int(np.searchsorted(ts, range.start_us))
    last = frame.length if range.end_us is None else int(np.searchsorted(ts, range.end_us))
    return slice(first, max(first, last))


def in_range(range: InRange, frame: Frame) -> npt.NDArray[np.bool_]:
    """The rows the query asked for."""
    keep = np.zeros(frame.length, dtype=np.bool_)
    keep[stretch(range, frame)] = True
    if not range.keep_partial and "complete" in frame.columns:
        keep &= frame["complete"].values
    return keep
