"""EXPLAIN plan and EXPLAIN warmup: a plan as a person reads it, from the rows down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tapeql.functions.registry import functions
from tapeql.plan.nodes import (
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
from tapeql.query.lookback import lookback
from tapeql.query.nodes import Align, Call, SessionSpec
from tapeql.query.text import expr_text, instant_text
from tapeql.rows.nodes import Bars, Feed, Rows, Ticks


def describe(plan: Plan) -> str:
    """A line a step, in the order they run; sub-plans indented."""
    return "\n".join(_lines(plan))


def describe_steps(steps: Iterable[Step]) -> str:
    """The same lines of some steps only."""
    return "\n".join(line for step in steps for line in _step(step))


def warmup(plan: Plan) -> str:
    """What looks back, how far, and where reading starts for each symbol of a located plan."""
    lines = [f"rows before the range: {'all stored' if plan.lookback_rows is None else plan.lookback_rows}"]
    if plan.lookback_us:
        lines.append(f"time before those: {plan.lookback_us / 1e6:g} s")
    for step in plan.steps:
        if isinstance(step, Compute):
            for column in step.columns:
                need = lookback(column.expr)
                text = f"  {expr_text(column.expr)}: {need.rows if need.rows is not None else 'all'} rows"
                if isinstance(column.expr, Call):
                    entry = functions()[column.expr.function]
                    text += f" (first value after {entry.lookback(column.expr.params)})"
                lines.append(text)
    start = plan.query.start_us
    for feed in plan.rows.feeds:
        asked = "everything stored" if start is None else f"asked from {instant_text(start)}"
        lines.append(f"{feed.symbol}: {asked}, read from {instant_text(feed.start_us)}")
    return "\n".join(lines)


def _lines(plan: Plan) -> Iterator[str]:
    yield from _rows(plan.rows)
    for step in plan.steps:
        yield from _step(step)


def _rows(rows: Rows) -> Iterator[str]:
    match rows:
        case Bars():
            yield f"bars {rows.interval.text}{_sessions(rows.sessions)}{_align(rows.align)} zone {rows.zone}"
            where = rows.ticks_where
        case Ticks():
            yield f"ticks{_sessions(rows.sessions)}"
            where = rows.where
        case _:
            yield f"quotes{_sessions(rows.sessions)}"
            where = None
    if where is not None:
        yield f"  trades where {expr_text(where)}"
    for feed in rows.feeds:
        yield f"  {feed.symbol} on {feed.calendar}: {instant_text(feed.start_us)} .. {instant_text(feed.end_us)}{_sources(feed)}"


def _sources(feed: Feed) -> str:
    names = dict.fromkeys("trades" if s.table == "ticks" else f"{s.interval} candles" for s in feed.sources)
    return f" from {', '.join(names)}" if names else ""


def _sessions(sessions: tuple[SessionSpec, ...]) -> str:
    return f" session {', '.join(s.name for s in sessions)}" if sessions else ""


def _align(align: Align) -> str:
    text = "" if align.to == "session" else f" aligned to {align.to}"
    return text + (f" offset {align.offset_us} us" if align.offset_us else "")


def _step(step: Step) -> Iterator[str]:
    match step:
        case FillSlots(fill=fill):
            methods = ", ".join(f"{column} {method}" for column, method in fill.methods)
            yield f"fill {methods}" + (f" max {fill.max_rows}" if fill.max_rows is not None else "")
        case QuoteMeans(measures=measures):
            yield f"time-weighted {', '.join(measures)}"
        case SessionMeasures(session=session, measures=measures, bars=bars):
            yield f"measures of {session}: {', '.join(measures)}"
            yield from (f"  {line}" for line in _rows(bars))
        case DayMeasures(columns=columns, bars=bars):
            yield f"measures of the day: {', '.join(c.name for c in columns)}"
            yield from (f"  {line}" for line in _rows(bars))
        case SessionFlags(sessions=sessions):
            yield f"wholly inside: {', '.join(sessions)}"
        case TimeParts(names=names):
            yield f"parts of the time: {', '.join(names)}"
        case Compute(columns=columns):
            yield "compute"
            yield from (f"  {c.name} = {expr_text(c.expr)}" for c in columns)
        case InRange(start_us=start, end_us=end, keep_partial=partial):
            since = "everything" if start is None else f"from {instant_text(start)}"
            until = "" if end is None else f" before {instant_text(end)}"
            yield f"range: {since}{until}" + (", unfinished bars too" if partial else "")
        case OnDays(plan=days):
            yield "on the days of"
            yield from (f"  {line}" for line in _lines(days))
        case Where(condition=condition):
            yield f"where {expr_text(condition)}"
        case Project(columns=columns):
            yield "columns " + ", ".join(
                c.name if expr_text(c.expr) == c.name else f"{expr_text(c.expr)} as {c.name}" for c in columns
            )
        case Sort(keys=keys):
            yield "sort by " + ", ".join(expr_text(k.expr) + (" desc" if k.descending else "") for k in keys)
        case Take(limit=limit):
            yield f"{'last' if limit.last else 'first'} {limit.rows}" + (" of each symbol" if limit.per_symbol else "")
