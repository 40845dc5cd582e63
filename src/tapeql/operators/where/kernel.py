"""Rows whose condition is TRUE."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql.kernels.context import Context
from tapeql.kernels.expressions import passes
from tapeql.kernels.frame import Frame
from tapeql.kernels.series import Series
from tapeql.operators.where import Where


def run(step: Where, series: Series, context: Context) -> Iterator[Frame]:
    for frame in series.frames:
        keep = passes(step.condition, frame)
        kept = frame if keep.all() else frame.take(keep)
        if kept.length:
            yield kept
