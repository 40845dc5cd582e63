"""The steps of a plan as SQL: each takes the stream of rows and gives the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlglot import exp

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
from tapeql.query.columns import QUOTE_MEASURES
from tapeql.query.nodes import Expr, Limit, Order, Type
from tapeql.rows.nodes import Bars, Quotes, Ticks
from tapeql.sql.bars import bars
from tapeql.sql.dialects import Unsayable
from tapeql.sql.expressions import Field
from tapeql.sql.fill import filled
from tapeql.sql.grids import GridTable, bar_grid
from tapeql.sql.quote_means import BAR, quote_means
from tapeql.sql.rows import quotes, ticks
from tapeql.sql.statement import AT, FEED, Statement, Stream, extended, typed_null
from tapeql.sql.terms import (
    BIGINT,
    Kind,
    Node,
    both,
    call,
    coalesce,
    column,
    false,
    integer,
    join,
    named,
    nulls_last,
    op,
    over,
    select,
    star,
    table,
    text,
)
from tapeql.sql.windows import compute, kept, with_expressions


@dataclass(frozen=True, slots=True)
class State:
    """Rows so far: the stream, the grid of bars, and the keys rows are ordered by before their own order."""

    stream: Stream
    grid: GridTable | None = None
    keys: tuple[Order, ...] = ()


def rows(statement: Statement, plan: Plan, prefix: str = "") -> State:
    """What the plan reads."""
    match plan.rows:
        case Bars() as node:
            stream, grid = bars(statement, node, plan.query.now_us, prefix)
            return State(stream, grid)
        case Ticks() as node:
            return State(ticks(statement, node))
        case Quotes() as node:
            return State(quotes(statement, node))


def apply(statement: Statement, plan: Plan, step: Step, state: State, prefix: str = "") -> State:
    """One step."""
    stream = state.stream
    match step:
        case FillSlots(fill=fill):
            assert isinstance(plan.rows, Bars)
            assert state.grid is not None
            stream = filled(statement, fill, plan.rows, state.grid, stream, plan.query.now_us, prefix)
        case QuoteMeans(measures=measures):
            stream = _quote_means(statement, plan, state, measures, prefix)
        case SessionMeasures():
            stream = _session_measures(statement, plan, step, stream, prefix)
        case DayMeasures():
            stream = _day_measures(statement, plan, step, stream, prefix)
        case SessionFlags(sessions=sessions):
            session = column(stream.columns["session"].name)
            flags = {
                f"in.{name}": (Type.BOOL, coalesce(op("=", session.copy(), text(name)), false())) for name in sessions
            }
            stream = extended(statement, f"{prefix}flagged", stream, flags)
        case TimeParts():
            raise Unsayable("parts of local times")
        case Compute():
            stream = compute(statement, step, stream, f"{prefix}computed")
        case InRange():
            stream = _where(statement, f"{prefix}in_range", stream, kept(step, stream))
        case OnDays():
            stream = _on_days(statement, step, stream, prefix)
        case Where(condition=condition):
            passing = statement.rowwise(stream).truth(condition)
            stream = _where(statement, f"{prefix}passing", stream, passing)
        case Project(columns=columns):
            stream = _project(statement, f"{prefix}result", stream, {c.name: c.expr for c in columns})
        case Sort(keys=keys):
            return replace(state, keys=keys)
        case Take(limit=limit):
            stream = _take(statement, limit, state, prefix)
    return replace(state, stream=stream)


def ordering(statement: Statement, state: State) -> list[Node]:
    """Rows in the order of the result: by the keys of ORDER BY, NULLs last, then as they come."""
    rowwise = statement.rowwise(state.stream)
    keys: list[Node] = []
    for key in state.keys:
        value = rowwise.value(key.expr)
        if key.expr.type is Type.STRING:
            value = statement.dialect.byte_order(value)
        keys.append(nulls_last(value, key.descending))
    return [*keys, *state.stream.order()]


def _where(statement: Statement, name: str, stream: Stream, condition: Node) -> Stream:
    relation = statement.add(name, select([star()], table(stream.relation), where=condition))
    return replace(stream, relation=relation)


def _project(statement: Statement, name: str, stream: Stream, columns: dict[str, Expr]) -> Stream:
    rowwise = statement.rowwise(stream)
    fields = Stream("", {}, stream.keys).fields({c: expr.type for c, expr in columns.items()})
    values: list[Node] = [column(key) for key in (FEED, *stream.keys)]
    values += [named(rowwise.value(expr), fields[c].name) for c, expr in columns.items()]
    return Stream(statement.add(name, select(values, table(stream.relation))), fields, stream.keys)


def _take(statement: Statement, limit: Limit, state: State, prefix: str) -> Stream:
    stream = state.stream
    ordered = ordering(statement, state)
    if limit.last:
        ordered = [_backwards(node) for node in ordered]
    if not limit.per_symbol:
        taken = select([star()], table(stream.relation), ordered=ordered, limit=limit.rows)
        return replace(stream, relation=statement.add(f"{prefix}taken", taken))
    number = over(call("row_number"), [column(FEED)], ordered)
    ranked = statement.add(f"{prefix}ranked", select([star(), named(number, "row")], table(stream.relation)))
    first = op("<=", column("row"), integer(limit.rows))
    return replace(stream, relation=statement.add(f"{prefix}taken", select([star()], table(ranked), where=first)))


def _backwards(key: Node) -> Node:
    return exp.Ordered(this=key.this, desc=not key.args["desc"], nulls_first=not key.args["nulls_first"])


# ── measures ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _quote_means(statement: Statement, plan: Plan, state: State, measures: tuple[str, ...], prefix: str) -> Stream:
    assert isinstance(plan.rows, Bars)
    assert state.grid is not None
    stream = state.stream
    means = quote_means(
        statement, stream.relation, stream.columns["ts_close"].name, plan.rows, state.grid, measures, prefix
    )
    on = both(
        op("=", column(FEED, means), column(FEED, stream.relation)),
        op("=", column(BAR, means), column(AT, stream.relation)),
    )
    found = {name: Field(name, Type.FLOAT) for name in measures}
    return _attached(statement, f"{prefix}measured", stream, means, on, found)


def _attached(statement: Statement, name: str, stream: Stream, other: str, on: Node, found: dict[str, Field]) -> Stream:
    """The stream with columns of another relation where it matches; `found` says their names there."""
    fields = stream.fields({logical: field.type for logical, field in found.items()})
    more = [named(column(found[logical].name, other), fields[logical].name) for logical in found]
    values = [star(stream.relation), *more]
    relation = statement.add(name, select(values, table(stream.relation), joins=[join(table(other), on, side="LEFT")]))
    return Stream(relation, {**stream.columns, **fields}, stream.keys)


def _session_measures(statement: Statement, plan: Plan, step: SessionMeasures, stream: Stream, prefix: str) -> Stream:
    """One row a session, whether it has trades or not, joined by session date."""
    if not step.bars.feeds:
        return _unknown(statement, f"{prefix}measured", stream, [f"{step.session}.{m}" for m in step.measures])
    own = f"{prefix}{step.session}_"
    from_quotes = tuple(m for m in step.measures if m in QUOTE_MEASURES)
    from_bars = tuple(m for m in step.measures if m not in QUOTE_MEASURES)
    grid = bar_grid(statement, f"{own}slots_grid", step.bars)
    slots = _slots(statement, f"{own}days", grid)
    known = join(table("symbols"), op("=", column("g", "symbols"), column("g", slots)))
    values: list[Node] = [column(FEED, "symbols"), *(column(c, slots) for c in (AT, "ts_close", "session_date"))]
    whole = statement.add(f"{own}sessions", select(values, table(slots), joins=[known]))
    fields = {c: Field(c, Type.INSTANT) for c in ("ts_close", "session_date")}
    found = Stream(whole, fields, (AT,))
    if from_bars:
        bar_stream, _ = bars(statement, step.bars, plan.query.now_us, own)
        on = both(
            op("=", column(FEED, bar_stream.relation), column(FEED, whole)),
            op("=", column(AT, bar_stream.relation), column(AT, whole)),
        )
        picked = {m: bar_stream.columns[m] for m in from_bars}
        found = _attached(statement, f"{own}with_bars", found, bar_stream.relation, on, picked)
    if from_quotes:
        means = quote_means(statement, found.relation, "ts_close", step.bars, grid, from_quotes, own)
        on = both(
            op("=", column(FEED, means), column(FEED, found.relation)),
            op("=", column(BAR, means), column(AT, found.relation)),
        )
        picked = {m: Field(m, Type.FLOAT) for m in from_quotes}
        found = _attached(statement, f"{own}with_quotes", found, means, on, picked)
    conditions = _same_day(stream, found)
    if not (isinstance(plan.rows, Bars) and plan.rows.interval.is_calendar):
        conditions.append(op("<=", column("ts_close", found.relation), column(AT, stream.relation)))
    attached = {f"{step.session}.{m}": found.columns[m] for m in step.measures}
    return _attached(statement, f"{own}measured", stream, found.relation, both(*conditions), attached)


def _slots(statement: Statement, name: str, grid: GridTable) -> str:
    """The bars of a grid of days: (g, at, ts_close, session_date)."""
    columns: dict[str, list[object]] = {"g": [], AT: [], "ts_close": [], "session_date": []}
    for g, segments in grid.grids.items():
        opens, first = np.unique(segments.origin, return_index=True)
        columns["g"] += [g] * len(opens)
        columns[AT] += opens.tolist()
        columns["ts_close"] += segments.limit[first].tolist()
        columns["session_date"] += segments.session_date[first].tolist()
    typed: dict[str, tuple[Kind, list[object]]] = {c: (BIGINT, values) for c, values in columns.items()}
    return statement.constants(name, typed)


def _day_measures(statement: Statement, plan: Plan, step: DayMeasures, stream: Stream, prefix: str) -> Stream:
    """Expressions over the bars of days, seen from the day's opening on."""
    if not step.bars.feeds:
        return _unknown(statement, f"{prefix}measured", stream, [c.name for c in step.columns])
    own = f"{prefix}day_"
    days, _ = bars(statement, step.bars, plan.query.now_us, own)
    computed = with_expressions(statement, days, step.columns, f"{own}computed")
    conditions = _same_day(stream, computed)
    conditions.append(op("<=", column(AT, computed.relation), column(AT, stream.relation)))
    attached = {c.name: computed.columns[c.name] for c in step.columns}
    return _attached(statement, f"{own}measured", stream, computed.relation, both(*conditions), attached)


def _unknown(statement: Statement, name: str, stream: Stream, columns: Sequence[str]) -> Stream:
    """Measures of symbols that have no bars at all."""
    types = {c: Type.INT if c.endswith(".trades") else Type.FLOAT for c in columns}
    return extended(statement, name, stream, {c: (type, typed_null(type)) for c, type in types.items()})


def _same_day(stream: Stream, days: Stream) -> list[Node]:
    return [
        op("=", column(FEED, days.relation), column(FEED, stream.relation)),
        op(
            "=",
            column(days.columns["session_date"].name, days.relation),
            column(stream.columns["session_date"].name, stream.relation),
        ),
    ]


def _on_days(statement: Statement, step: OnDays, stream: Stream, prefix: str) -> Stream:
    """Rows whose symbol and session date, or session date alone, another plan selects."""
    own = f"{prefix}chosen_"
    state = rows(statement, step.plan, own)
    for inner in step.plan.steps:
        state = apply(statement, step.plan, inner, state, own)
    names = ("session_date",) if step.by_date else ("exchange", "symbol", "session_date")
    chosen = [column(state.stream.columns[name].name) for name in names]
    subject = [column(stream.columns[name].name) for name in names]
    days = statement.add(f"{own}days", select(chosen, table(state.stream.relation), distinct=True))
    left = subject[0] if step.by_date else exp.Tuple(expressions=subject)
    inside = exp.In(this=left, query=exp.Subquery(this=select([star()], table(days))))
    return _where(statement, f"{prefix}on_days", stream, inside)
