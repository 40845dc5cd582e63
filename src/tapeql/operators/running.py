"""Operators on the kernels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.series import Series
from tapeql.operators.folders import module_of
from tapeql.operators.operator import Operator


def run(step: Operator, series: Series, context: Context) -> Iterator[Frame]:
    """An operator over the frames of one symbol."""
    frames: Iterator[Frame] = module_of(step, "kernel").run(step, series, context)
    return frames


def finish(step: Operator, batches: Iterable[pa.RecordBatch], context: Context) -> Iterable[pa.RecordBatch]:
    """An operator over the batches of all symbols."""
    finished: Iterable[pa.RecordBatch] = module_of(step, "kernel").finish(step, batches, context)
    return finished
