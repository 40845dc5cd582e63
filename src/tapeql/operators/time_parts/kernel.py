"""Parts of local times, row by row."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.parts import part
from tapeql.kernels.series import Series
from tapeql.operators.time_parts import TimeParts
from tapeql.query.parts import PREFIX


def run(step: TimeParts, series: Series, context: Context) -> Iterator[Frame]:
    """The frames with the parts by these names."""
    for frame in series.frames:
        parts = {f"{PREFIX}{name}": part(name, series.rows, series.feed, frame) for name in step.names}
        yield frame.with_columns(parts)
