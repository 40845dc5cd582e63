"""The steps of a plan over the rows of one symbol, then over the whole result."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tapeql import arrow
from tapeql.kernels.attach import with_day_measures, with_quote_means, with_session_flags, with_session_measures
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import evaluate, passes
from tapeql.kernels.fill import filled
from tapeql.kernels.frame import Frame
from tapeql.kernels.parts import with_parts
from tapeql.kernels.windows import computed, in_range
from tapeql.plan.nodes import (
    SYMBOL_KEYS,
    Compute,
    DayMeasures,
    FillSlots,
    InRange,
    OnDays,
    Plan,
    Project,
    QuoteMeans,
    SessionFlags,
    SessionMeasures,
    Sort,
    Step,
    Take,
    TimeParts,
    Where,
)
from tapeql.rows.nodes import Bars, Feed

DayKeys = frozenset[tuple[str, str, int]]
"""(venue, code, session_date); venue and code are empty where days select by date alone."""

DaysOf = Callable[[OnDays], DayKeys]


def symbol_batches(
    plan: Plan,
    steps: Sequence[Step],
    feed: Feed,
    frames: Iterator[Frame],
    context: Context,
    days: DaysOf,
) -> Iterator[pa.RecordBatch]:
    """What the steps before Sort and Take make of one symbol's rows, as projected batches."""
    rows = plan.rows
    for step in steps:
        match step:
            case FillSlots(fill=fill):
                assert isinstance(rows, Bars)
                frames = filled(fill, rows, feed, frames, context.now_us)
            case QuoteMeans():
                assert isinstance(rows, Bars)
                frames = with_quote_means(step, rows, feed, context, frames)
            case SessionMeasures():
                frames = with_session_measures(step, rows, feed, context, frames)
            case DayMeasures():
                frames = with_day_measures(step, feed, context, frames)
            case SessionFlags():
                frames = with_session_flags(step, rows, feed, frames)
            case TimeParts(names=names):
                frames = with_parts(names, rows, feed, frames)
            case Compute():
                frames = computed(step, frames, context)
            case InRange():
                frames = _kept(frames, step)
            case OnDays():
                frames = _on_days(frames, feed, days(step), step.by_date)
            case Where(condition=condition):
                frames = _passing(frames, condition)
            case Project(columns=columns):
                for frame in frames:
                    context.cancel.check()
                    if frame.length:
                        arrays = [evaluate(c.expr, frame).to_arrow() for c in columns]
                        yield pa.RecordBatch.from_arrays(arrays, names=[c.name for c in columns])
                return
            case Sort() | Take():
                raise AssertionError("a plan projects before it sorts")


def _kept(frames: Iterator[Frame], step: InRange) -> Iterator[Frame]:
    for frame in frames:
        keep = in_range(step, frame)
        kept = frame if keep.all() else frame.take(keep)
        if kept.length:
            yield kept
        if step.end_us is not None and frame.length and frame["ts"].values[-1] >= step.end_us:
            return


def _on_days(frames: Iterator[Frame], feed: Feed, days: DayKeys, by_date: bool) -> Iterator[Frame]:
    mine = ("", "") if by_date else (feed.symbol.venue, feed.symbol.code)
    dates = np.array(sorted(date for venue, code, date in days if (venue, code) == mine), dtype=np.int64)
    for frame in frames:
        labels = frame["session_date"]
        kept = frame.take(np.isin(labels.values, dates) & labels.is_valid)
        if kept.length:
            yield kept


def _passing(frames: Iterator[Frame], condition: object) -> Iterator[Frame]:
    for frame in frames:
        keep = passes(condition, frame)  # type: ignore[arg-type]
        kept = frame if keep.all() else frame.take(keep)
        if kept.length:
            yield kept


def finished(plan: Plan, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Sort and Take over the projected batches of all symbols, in the schema of the result."""
    for step in plan.steps:
        match step:
            case Sort(keys=keys):
                batches = _sorted(batches, [k.descending for k in keys])
            case Take(limit=limit):
                batches = (_last if limit.last else _taken)(
                    batches, limit.rows, SYMBOL_KEYS if limit.per_symbol else None
                )
    names = plan.schema.names
    for batch in batches:
        arrays = [batch.column(name) for name in names]
        yield pa.RecordBatch.from_arrays(arrays, schema=plan.schema)


def _sorted(batches: Iterable[pa.RecordBatch], descending: Sequence[bool]) -> Iterator[pa.RecordBatch]:
    """Stable, NULLs last in both directions: rows come in (exchange, symbol, ts, seq) order, so ties keep it."""
    whole = list(batches)
    if not whole:
        return
    table = pa.Table.from_batches(whole)
    keys = [(f"order.{n}", "descending" if d else "ascending", "at_end") for n, d in enumerate(descending)]
    order = pc.sort_indices(table, sort_keys=keys)
    yield from table.take(order).combine_chunks().to_batches()


def _taken(batches: Iterable[pa.RecordBatch], rows: int, per: tuple[str, ...] | None) -> Iterator[pa.RecordBatch]:
    if per is None:
        left = rows
        for batch in batches:
            if left <= 0:
                return
            piece = batch.slice(0, left)
            left -= piece.num_rows
            yield piece
        return
    taken: dict[tuple[str, ...], int] = {}
    for batch in batches:
        keys = list(zip(*(batch.column(name).to_pylist() for name in per), strict=True))
        keep = np.zeros(len(keys), dtype=np.bool_)
        for row, key in enumerate(keys):
            count = taken.get(key, 0)
            keep[row] = count < rows
            taken[key] = count + 1
        kept = batch.filter(arrow.mask(keep))
        if kept.num_rows:
            yield kept


def _last(batches: Iterable[pa.RecordBatch], rows: int, per: tuple[str, ...] | None) -> Iterator[pa.RecordBatch]:
    """The last rows of all, or of each symbol (whose rows may lie anywhere), in the order they come in."""
    if rows == 0:
        return
    if per is None:
        kept: deque[pa.RecordBatch] = deque()
        held = 0
        for batch in batches:
            kept.append(batch)
            held += batch.num_rows
            while held - kept[0].num_rows >= rows:
                held -= kept.popleft().num_rows
        for n, batch in enumerate(kept):
            yield batch.slice(held - rows) if n == 0 and held > rows else batch
        return
    whole = list(batches)
    keys = [list(zip(*(batch.column(name).to_pylist() for name in per), strict=True)) for batch in whole]
    left = Counter(key for batch in keys for key in batch)
    for batch, names in zip(whole, keys, strict=True):
        keep = np.zeros(len(names), dtype=np.bool_)
        for row, key in enumerate(names):
            keep[row] = left[key] <= rows
            left[key] -= 1
        kept_rows = batch.filter(arrow.mask(keep))
        if kept_rows.num_rows:
            yield kept_rows
