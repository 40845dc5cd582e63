"""Rows by their instant, among the stretches another plan selects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tapeql import arrow
from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.labels import placed
from tapeql.kernels.series import Series
from tapeql.operators.on_ranges import OnRanges

Instants = npt.NDArray[np.int64]
Stretches = tuple[Instants, Instants]
_ALL = ("", "")


def run(step: OnRanges, series: Series, context: Context) -> Iterator[Frame]:
    chosen = context.once(step, lambda: _chosen(step, context))
    symbol = series.feed.symbol
    stretches = chosen.get(_ALL if step.across else (symbol.venue, symbol.code))
    if stretches is None:
        return
    for frame in series.frames:
        kept = frame.take(placed(frame["ts"].values, *stretches) >= 0)
        if kept.length:
            yield kept


def _chosen(step: OnRanges, context: Context) -> dict[tuple[str, str], Stretches]:
    """The stretches of each (venue, code), merged where they touch; of any symbol, under no name."""
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for batch in context.answer(step.plan):
        names = zip(batch.column("exchange").to_pylist(), batch.column("symbol").to_pylist(), strict=True)
        starts, ends = arrow.instants(batch.column("start")).tolist(), arrow.instants(batch.column("end")).tolist()
        for name, start, end in zip(names, starts, ends, strict=True):
            found.setdefault(_ALL if step.across else name, []).append((start, end))
    return {name: _merged(stretches) for name, stretches in found.items()}


def _merged(stretches: list[tuple[int, int]]) -> Stretches:
    """Sorted and disjoint."""
    start, end = np.array(sorted(stretches), dtype=np.int64).T
    reached = np.maximum.accumulate(end)
    new = np.append(True, start[1:] > reached[:-1])
    return start[new], reached[np.append(np.flatnonzero(new)[1:] - 1, len(start) - 1)]
