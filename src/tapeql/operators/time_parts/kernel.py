"""Parts of local times, row by row."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.parts import part
from tapeql.kernels.series import Series
from tapeql.operators.time_parts import TimeParts


def run(step: TimeParts, series: Series, context: Context) -> Iterator[Frame]:
    """The frames with these parts."""
    for frame in series.frames:
        yield frame.with_columns({c.key: part(c.name, series.rows, series.feed, frame) for c in step.parts})
