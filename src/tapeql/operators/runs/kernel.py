"""Runs across frames: one that reaches the end of a frame goes on in the next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tapeql.kernels.context import Context
from tapeql.kernels.expressions import passes
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.series import Series
from tapeql.operators.runs import Runs
from tapeql.query.nodes import Type


def run(step: Runs, series: Series, context: Context) -> Iterator[Frame]:
    """A frame of the runs that end in each frame, then of the one left open."""
    unfinished: Frame | None = None
    for frame in series.frames:
        context.cancel.check()
        keep = np.ones(frame.length, dtype=np.bool_) if step.condition is None else passes(step.condition, frame)
        found = _runs(frame, keep)
        if unfinished is not None:
            if frame.length and keep[0]:
                found = _grown(unfinished, found)
            elif frame.length:
                yield unfinished
            else:
                continue
        last_is_open = frame.length > 0 and bool(keep[-1])
        whole = found.length - last_is_open
        if whole:
            yield found.take(slice(0, whole))
        unfinished = found.take(slice(whole, None)) if last_is_open else None
    if unfinished is not None:
        yield unfinished


def _runs(frame: Frame, keep: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Frame:
    """The runs of one frame."""
    edges = np.diff(keep.astype(np.int8), prepend=0, append=0)
    first, last = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
    return Frame(
        len(first),
        {
            **{name: frame[name].take(first) for name in ("symbol", "exchange", "interval")},
            "ts": Vector(Type.INSTANT, frame["ts"].values[first]),
            "start": Vector(Type.INSTANT, frame["ts"].values[first]),
            "end": Vector(Type.INSTANT, frame["ts_close"].values[last]),
            "bars": Vector(Type.INT, last - first + 1),
        },
    )


def _grown(unfinished: Frame, found: Frame) -> Frame:
    """Runs whose first one goes on from the frame before."""
    start, bars = found["start"].values.copy(), found["bars"].values.copy()
    start[0] = unfinished["start"].values[0]
    bars[0] += unfinished["bars"].values[0]
    opened = Vector(Type.INSTANT, start)
    return found.with_columns({"ts": opened, "start": opened, "bars": Vector(Type.INT, bars)})
