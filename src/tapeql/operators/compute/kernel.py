"""Compute steps: expressions that look at neighbouring rows, over frames with as much history as they need."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tapeql import arrow, limits
from tapeql.cancel import Cancel
from tapeql.functions import windows
from tapeql.functions.registry import functions
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import evaluate, finite
from tapeql.kernels.frame import Frame, Vector, constant, join
from tapeql.kernels.gathering import gathered
from tapeql.kernels.series import Series
from tapeql.operators.compute import Compute
from tapeql.operators.in_range import InRange
from tapeql.operators.in_range.kernel import in_range
from tapeql.query.lookback import Lookback, reach
from tapeql.query.nodes import Call, Expr, Over, Shift, Type
from tapeql.query.text import expr_text
from tapeql.rows.nodes import Feed


def run(step: Compute, series: Series, context: Context) -> Iterator[Frame]:
    return computed(step, series.feed, series.frames, context)


def computed(step: Compute, feed: Feed, frames: Iterator[Frame], context: Context) -> Iterator[Frame]:
    """Frames with the step's columns added; each frame is computed with the rows before it that matter."""
    need = Lookback()
    for column in step.windows:
        need = need.widest(reach(column.expr))
    if need.rows is None:
        known = gathered(frames, "a function that looks back to everything", context.memory)
        if known:
            yield _with(step, join(known), context.cancel)
        return
    rows = 0
    history: Frame | None = None
    for frame in _pieces(frames):
        whole = frame if history is None else join([history, frame])
        done = _with(step, whole, context.cancel)
        rows += frame.length
        yield done.take(slice(whole.length - frame.length, None))
        history = whole.take(slice(_history_from(whole, need), None))
    if rows:
        _count(step, rows, feed, context)


def _count(step: Compute, rows: int, feed: Feed, context: Context) -> None:
    """Which rows there were for each function; one that has too few has no value at all."""
    for column in step.windows:
        if isinstance(column.expr, Call):
            call = column.expr
            needed = functions()[call.function].lookback(call.params) + 1
            context.had_rows(str(feed.symbol), expr_text(call), needed, rows)


def _pieces(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Frames cut so that each takes little time, and a query can be stopped between them."""
    for frame in frames:
        for first in range(0, frame.length, limits.CHUNK_ROWS):
            yield frame.take(slice(first, first + limits.CHUNK_ROWS))


def _history_from(whole: Frame, need: Lookback) -> int:
    """The first row that a later frame may look back to; rows without a price settle nothing and do not count."""
    ts: npt.NDArray[np.int64] = whole["ts"].values
    assert need.rows is not None
    edge = int(np.searchsorted(ts, ts[-1] - need.us)) if need.us else whole.length
    priced = whole.columns.get("close")
    if priced is None:
        return max(edge - need.rows, 0)
    counted = np.flatnonzero(~np.isnan(priced.values[:edge]))
    if need.rows == 0:
        return edge
    return int(counted[-need.rows]) if len(counted) >= need.rows else 0


def _with(step: Compute, frame: Frame, cancel: Cancel) -> Frame:
    known: dict[Expr, Vector] = {}
    outputs: dict[tuple[str, tuple[Expr, ...], tuple[int | float, ...]], dict[str, Vector]] = {}
    more: dict[str, Vector] = {}
    for column in step.windows:
        expr = column.expr
        cancel.check()
        if expr not in known:
            if isinstance(expr, Call):
                key = (expr.function, expr.inputs, expr.params)
                if key not in outputs:
                    outputs[key] = _call(expr, frame)
                known[expr] = outputs[key][expr.output]
            else:
                known[expr] = _window(expr, frame, step.range)
        more[column.name] = known[expr]
    return frame.with_columns(more)


def _call(call: Call, frame: Frame) -> dict[str, Vector]:
    entry = functions()[call.function]
    assert entry.kernel is not None, "the planner expands formulas"
    inputs = [np.ascontiguousarray(evaluate(x, frame).floats()) for x in call.inputs]
    with np.errstate(all="ignore"):
        results = entry.kernel(inputs, call.params)
    return {name: Vector(Type.FLOAT, finite(values)) for name, values in zip(entry.outputs, results, strict=True)}


def _window(expr: Expr, frame: Frame, range: InRange) -> Vector:
    match expr:
        case Shift(x=x, rows=rows):
            return _shifted(evaluate(x, frame), rows)
        case Over(aggregate=aggregate, x=x, us=None):
            values = evaluate(x, frame).floats()
            whole = windows.over_all(aggregate, values, in_range(range, frame))
            return constant(None if np.isnan(whole) else whole, Type.FLOAT, frame.length)
        case Over(aggregate=aggregate, x=x, us=int(us)):
            values = evaluate(x, frame).floats()
            return Vector(Type.FLOAT, finite(windows.over_time(aggregate, frame["ts"].values, values, us)))
        case _:
            raise AssertionError(f"not a window: {expr}")


def _shifted(vector: Vector, rows: int) -> Vector:
    """NULL in the first `rows` rows, then the values from the start."""
    length = len(vector)
    index = np.arange(length) - rows
    there = index >= 0
    taken = vector.take(np.maximum(index, 0))
    if vector.type is Type.FLOAT:
        return Vector(vector.type, np.where(there, taken.values, np.nan))
    if vector.type is Type.STRING:
        import pyarrow as pa
        import pyarrow.compute as pc

        return Vector(vector.type, pc.if_else(arrow.mask(there), taken.texts(), pa.nulls(len(there), pa.string())))
    return Vector(vector.type, taken.values, taken.is_valid & there)
