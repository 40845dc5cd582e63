"""Expressions over the bars of days, looked up by date."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql.kernels.attaching import feed_of, matching, no_bars, picked
from tapeql.kernels.bars import bar_frames
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import evaluate
from tapeql.kernels.frame import Frame, constant, join
from tapeql.kernels.series import Series
from tapeql.operators.compute.kernel import computed
from tapeql.operators.compute.lifting import split_windows
from tapeql.operators.day_measures import DayMeasures
from tapeql.query.nodes import Type


def run(step: DayMeasures, series: Series, context: Context) -> Iterator[Frame]:
    """Rows with expressions over the bars of days, seen from the day's opening on."""
    days_of = feed_of(step.bars, series.feed)
    days = list(bar_frames(step.bars, days_of, context))
    whole = join(days) if days else no_bars()
    windows, columns = split_windows(step.measures)
    if whole.length:
        for compute in windows:
            whole = join(list(computed(compute, days_of, iter([whole]), context)))
    values = {c.name: evaluate(c.expr, whole) for c in columns} if whole.length else {}
    for frame in series.frames:
        found = matching(whole, frame, whole["ts"].values)
        yield frame.with_columns(
            {
                c.name: picked(values[c.name], found) if values else constant(None, Type.FLOAT, frame.length)
                for c in step.measures
            }
        )
