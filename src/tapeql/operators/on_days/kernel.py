"""Rows by their session date, among those another plan selects."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql.kernels.context import Context
from tapeql.kernels.frame import Frame
from tapeql.kernels.series import Series
from tapeql.operators.on_days import OnDays

Dates = npt.NDArray[np.int64]
_ALL = ("", "")


def run(step: OnDays, series: Series, context: Context) -> Iterator[Frame]:
    chosen = context.once(step, lambda: _chosen(step, context))
    symbol = series.feed.symbol
    dates = chosen.get(_ALL if step.across else (symbol.venue, symbol.code), np.empty(0, dtype=np.int64))
    for frame in series.frames:
        labels = frame["session_date"]
        kept = frame.take(np.isin(labels.values, dates) & labels.is_valid)
        if kept.length:
            yield kept


def _chosen(step: OnDays, context: Context) -> dict[tuple[str, str], Dates]:
    """The session dates of each (venue, code) that the plan selects; by date alone, under no name."""
    found: dict[tuple[str, str], set[int]] = {}
    for batch in context.answer(step.plan):
        dates = batch.column("session_date").cast(pa.int32()).to_pylist()
        names = zip(batch.column("exchange").to_pylist(), batch.column("symbol").to_pylist(), strict=True)
        for name, date in zip(names, dates, strict=True):
            found.setdefault(_ALL if step.across else name, set()).add(date)
    return {name: np.array(sorted(dates), dtype=np.int64) for name, dates in found.items()}
