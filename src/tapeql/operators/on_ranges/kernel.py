"""Rows by their instant, among the stretches another plan selects."""

from __future__ import annotations

from collections.abc import Iterator

from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.labels import placed
from tapeql.kernels.series import Series
from tapeql.operators.events import ALL, events_of
from tapeql.operators.on_ranges import OnRanges
from tapeql.rows.spans import Spans, joined


def run(step: OnRanges, series: Series, context: Context) -> Iterator[Frame]:
    chosen = context.once(step, lambda: _chosen(step, context))
    symbol = series.feed.symbol
    stretches = chosen.get(ALL if step.across else (symbol.venue, symbol.code))
    if stretches is None:
        return
    for frame in series.frames:
        kept = frame.take(placed(frame["ts"].values, *stretches) >= 0)
        if kept.length:
            yield kept


def _chosen(step: OnRanges, context: Context) -> dict[tuple[str, str], Spans]:
    """The stretches of each (venue, code), merged where they touch; of any symbol, under ALL."""
    return {name: joined(*events) for name, events in events_of(step, context).items()}
