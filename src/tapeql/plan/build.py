"""Query → Plan: rows bound to what is stored, the operators of the query and what their expressions need, then the rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tapeql.errors import Diagnostic
from tapeql.operators.as_of import AsOf
from tapeql.operators.attach import Attach
from tapeql.operators.in_range import InRange
from tapeql.operators.operator import Operator, Plan, Query
from tapeql.operators.price_means import PriceMeans
from tapeql.operators.quote_means import QuoteMeans
from tapeql.operators.running_vwap import RunningVwap
from tapeql.operators.session_flags import SessionFlags
from tapeql.operators.time_parts import TimeParts
from tapeql.plan.binding import bound, bound_bars
from tapeql.plan.rules import OPTIONAL, RULES
from tapeql.plan.rules.expand_formulas import expanded
from tapeql.plan.schema import result_schema
from tapeql.plan.verify import verify
from tapeql.query.columns import QUOTE_MEASURES
from tapeql.query.lookback import Lookback, lookback
from tapeql.query.nodes import ONE_DAY, Align, Call, Column, Expr, Of, OfAnchor, OfDate, OutputColumn, SessionSpec, Type
from tapeql.query.rewriting import columns_in
from tapeql.rows.nodes import Bars, Quotes, Ticks
from tapeql.storage.snapshot import Snapshot
from tapeql.words.clauses.asof_quotes import Prevailing
from tapeql.words.clauses.warmup import ReadBefore


def build(query: Query, snapshot: Snapshot, without: frozenset[str] = frozenset()) -> Plan:
    """The plan of a query over what a snapshot holds. `without` names optional rules to leave out.

    Raises QueryError where nothing stored can answer: E402 (no stored interval nests), E403 (nothing of that kind).
    """
    asked = query.asked
    notes: list[Diagnostic] = []
    rows = bound(query, snapshot, notes)
    steps = tuple(_steps(query, snapshot))
    reach = Lookback()
    for expr in (expr for step in query.steps for expr in step.expressions()):
        reach = reach.widest(lookback(expanded(expr)))
    for step in steps:
        reach = reach.after(step.reach())
    if said := asked.of(ReadBefore):
        reach = Lookback(said.rows, 0)
    plan = Plan(
        asked=asked,
        rows=rows,
        steps=steps,
        lookback_rows=reach.rows,
        lookback_us=reach.us,
        schema=result_schema(query, reach.rows),
        notes=tuple(notes),
    )
    for rule in RULES:
        if rule.__name__ in OPTIONAL and rule.__name__ in without:
            continue
        plan = rule(plan)
        verify(plan, rule.__name__)
    return plan


def _steps(query: Query, snapshot: Snapshot) -> Iterable[Operator]:
    """The operators of the query, those that ask other queries with their plans; before its range, what they read."""
    for step in query.steps:
        if isinstance(step, InRange):
            yield from _measures(query, snapshot)
        yield step.with_plans(tuple(build(inner, snapshot) for inner in step.queries()))


def _measures(query: Query, snapshot: Snapshot) -> Iterable[Operator]:
    """What adds the columns that the expressions read besides those of the rows."""
    read = dict.fromkeys(c for step in query.steps for expr in step.expressions() for c in columns_in(expr))
    by_origin: dict[Of | OfDate | OfAnchor, list[Column]] = {}
    for column in read:
        by_origin.setdefault(column.of, []).append(column)
    if means := by_origin.get(Of.QUOTES):
        yield QuoteMeans(tuple(column.name for column in means))
    if prevailing := by_origin.get(Of.PREVAILING):
        said = query.asked.of(Prevailing)
        assert said is not None, "columns of the quote come from ASOF QUOTES"
        yield AsOf(tuple(prevailing), said.lag_us, said.tolerance_us)
    if prices := by_origin.get(Of.PRICES):
        yield PriceMeans(tuple(column.name for column in prices))
    for of, columns in by_origin.items():
        if isinstance(of, OfAnchor):
            yield RunningVwap(of, tuple(columns))
        if isinstance(of, OfDate):
            yield _attached(of, columns, query, snapshot)
    if flags := by_origin.get(Of.SESSIONS):
        yield SessionFlags(tuple(flags))
    if parts := by_origin.get(Of.TIME):
        yield TimeParts(tuple(parts))


def _attached(of: OfDate, columns: Iterable[Column], query: Query, snapshot: Snapshot) -> Attach:
    """Measures of a session are columns of its bars, those of the day the functions of their names over the bars of days."""
    measures = tuple(OutputColumn(c.key, _of_session(c) if of.session else _of_day(c)) for c in columns)
    bars = _days(query, (SessionSpec(of.session),) if of.session else ())
    found = Attach(of, measures, bars)
    return found if not found.from_bars else replace(found, bars=bound_bars(bars, query, snapshot))


def _of_session(column: Column) -> Expr:
    return replace(column, of=Of.QUOTES if column.name in QUOTE_MEASURES else Of.ROW)


def _days(query: Query, sessions: tuple[SessionSpec, ...]) -> Bars:
    """Bars of the days of the rows, of whatever is known of their symbols."""
    rows = query.rows
    match rows:
        case Bars(ticks_where=where) | Ticks(where=where):
            pass
        case Quotes():
            where = None
    return Bars(ONE_DAY, rows.feeds, sessions, Align(), where, rows.zone, rows.reference)


def _of_day(column: Column) -> Expr:
    from tapeql.functions.registry import functions

    entry = functions()[column.name]
    inputs = tuple(Column(str(i.default), Type.FLOAT) for i in entry.inputs)
    params = tuple(p.default for p in entry.params if p.default is not None)
    return expanded(Call(entry.name, inputs, params, entry.outputs[0]))
