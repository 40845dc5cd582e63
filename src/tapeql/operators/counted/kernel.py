"""Sale conditions, trade by trade."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql import tapes
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.series import Series
from tapeql.operators.counted import Counted


def run(step: Counted, series: Series, context: Context) -> Iterator[Frame]:
    rules = tapes.eligibility(series.feed.symbol.venue)
    if rules is None:
        yield from series.frames
        return
    for frame in series.frames:
        counts, _, _ = tapes.flags(rules, frame["conditions"].values)
        yield frame if counts.all() else frame.take(counts)
