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
        keep = in_range(step, frame)
        kept = frame if keep.all() else frame.take(keep)
        if kept.length:
            yield kept
        if step.end_us is not None and frame.length and frame["ts"].values[-1] >= step.end_us:
            return


def in_range(range: InRange, frame: Frame) -> npt.NDArray[np.bool_]:
    """The rows the query asked for."""
    ts = frame["ts"].values
    keep = np.ones(frame.length, dtype=np.bool_)
    if range.start_us is not None:
        keep &= ts >= range.start_us
    if range.end_us is not None:
        keep &= ts < range.end_us
    if not range.keep_partial and "complete" in frame.columns:
        keep &= frame["complete"].values
    return keep
