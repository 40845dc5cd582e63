"""Query → Plan: rows, the steps over them, then the rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tapeql import calendars
from tapeql.errors import Diagnostic, QueryError
from tapeql.operators.day_measures import DayMeasures
from tapeql.operators.fill import FillSlots
from tapeql.operators.in_range import InRange
from tapeql.operators.operator import Operator, Plan
from tapeql.operators.project import Project
from tapeql.operators.quote_means import QuoteMeans
from tapeql.operators.session_flags import SessionFlags
from tapeql.operators.session_measures import SessionMeasures
from tapeql.operators.sort import Sort
from tapeql.operators.take import Take
from tapeql.operators.time_parts import TimeParts
from tapeql.plan.rules import OPTIONAL, RULES
from tapeql.plan.rules.expand_formulas import expanded
from tapeql.plan.schema import result_schema
from tapeql.plan.sources import Choice, Stored, choose, ends, stored
from tapeql.plan.told import day_text, told_of
from tapeql.plan.verify import verify
from tapeql.query.columns import QUOTE_MEASURES
from tapeql.query.lookback import Lookback, lookback
from tapeql.query.nodes import Align, Call, Column, Expr, Interval, Order, OutputColumn, SessionSpec, Symbol, Type
from tapeql.query.parts import PREFIX
from tapeql.query.rewriting import column_order
from tapeql.query.sentence import Query
from tapeql.rows.nesting import Shape, interval_named, interval_us
from tapeql.rows.nodes import Bars, Feed, Quotes, Rows, Ticks
from tapeql.rows.spans import NOWHERE, Spans, union, without
from tapeql.storage.snapshot import Snapshot

ONE_DAY = Interval("1d", 0, 1, "d")


@dataclass(frozen=True, slots=True)
class _Needs:
    """What the expressions of a query read besides the fixed columns of its rows."""

    quote_means: tuple[str, ...]
    sessions: dict[str, tuple[str, ...]]
    day: tuple[str, ...]
    flags: tuple[str, ...]
    parts: tuple[str, ...]


def build(query: Query, snapshot: Snapshot, without: frozenset[str] = frozenset()) -> Plan:
    """The plan of a query over what a snapshot holds. `without` names optional rules to leave out.

    Raises QueryError where nothing stored can answer: E402 (no stored interval nests), E403 (nothing of that kind).
    """
    expressions = _expressions(query)
    needs = _needs(query, expressions)
    notes: list[Diagnostic] = []
    rows = _rows(query, snapshot, notes)
    steps = tuple(_steps(query, rows, needs, snapshot))
    reach = Lookback()
    for expr in expressions:
        reach = reach.widest(lookback(expanded(expr)))
    for step in steps:
        reach = reach.after(step.reach())
    if query.warmup_rows is not None:
        reach = Lookback(query.warmup_rows, 0)
    plan = Plan(
        query=query,
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


def _expressions(query: Query) -> list[Expr]:
    found = [c.expr for c in query.columns] + [o.expr for o in query.order]
    found += query.limit.per if query.limit else ()
    return found if query.where is None else [query.where, *found]


# ── rows ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _rows(query: Query, snapshot: Snapshot, notes: list[Diagnostic]) -> Rows:
    match query.verb.sees.name:
        case "tick":
            feeds = _stored_feeds(query, snapshot, "ticks")
            return Ticks(feeds, query.sessions, query.ticks_where, query.zone, query.reference)
        case "quote":
            feeds = _stored_feeds(query, snapshot, "quotes")
            return Quotes(feeds, query.sessions, query.zone, query.reference)
        case _:
            return bars(query, snapshot, query.interval or ONE_DAY, query.sessions, query.align, notes=notes)


def _calendar(query: Query, symbol: Symbol) -> str:
    return query.calendar or calendars.calendar_of(symbol.venue)


def _stored_feeds(query: Query, snapshot: Snapshot, table: str) -> tuple[Feed, ...]:
    feeds = []
    for symbol in query.symbols:
        parts = snapshot.parts(table, symbol.venue, symbol.code)
        if parts:
            first = min(p.min_us for p in parts)
            last = max(p.max_us for p in parts) + 1
            start = first if query.start_us is None else max(query.start_us, first)
            end = min(last, query.end_us or last, query.now_us)
            feeds.append(Feed(symbol, _calendar(query, symbol), start, max(end, start)))
    if not feeds:
        _nothing(query.symbols, "trades" if table == "ticks" else "quotes")
    return tuple(feeds)


def bars(
    query: Query,
    snapshot: Snapshot,
    interval: Interval,
    sessions: tuple[SessionSpec, ...],
    align: Align,
    for_quotes: bool = False,
    notes: list[Diagnostic] | None = None,
) -> Bars:
    """Bars of all symbols of a query that have trades or candles; for the means of quotes alone, of all symbols.

    `notes` takes what is to be told of the sources; with it, candles that do not nest in any of the range are refused.
    """
    shape = Shape(interval, query.zone, query.reference, sessions, align)
    feeds = []
    unfit: list[Stored] = []
    for symbol in query.symbols:
        calendar = _calendar(query, symbol)
        if for_quotes:
            feeds.append(Feed(symbol, calendar, 0, 0))
            continue
        found = stored(snapshot, symbol, query.now_us)
        if not found.parts:
            continue
        if query.ticks_where is not None:
            found = _only_trades(query, found, snapshot, notes)
        choice = choose(found, calendar, shape, snapshot, query.now_us)
        told = [] if notes is None else told_of(query, symbol, choice, calendar, shape)
        if choice.sources and told is not None:
            feeds.append(_feed(query, symbol, found, choice, shape))
            if notes is not None:
                notes.extend(told)
        else:
            unfit.append(found)
    if unfit:
        raise _unfit(query, snapshot, unfit, shape)
    if not feeds:
        _nothing(query.symbols, "trades or candles")
    return Bars(interval, tuple(feeds), sessions, align, query.ticks_where, query.zone, query.reference)


def _only_trades(query: Query, found: Stored, snapshot: Snapshot, notes: list[Diagnostic] | None) -> Stored:
    """What TICKS WHERE can filter: candles are left out, and told of where only they are stored in the range."""
    trades = Spans.of(snapshot.coverage("ticks", found.symbol.venue, found.symbol.code)) if found.ticks else NOWHERE
    low = min(p.min_us for p in found.parts) if query.start_us is None else query.start_us
    high = query.now_us if query.end_us is None else min(query.end_us, query.now_us)
    candles = union(
        *(Spans.of(snapshot.coverage("ohlcv", found.symbol.venue, found.symbol.code, i)) for i in found.candles)
    )
    lacking = without(candles, trades).clipped(low, high)
    only = f"{found.symbol} has only candles, which TICKS WHERE cannot filter"
    if not found.ticks or (len(lacking.start) and not len(trades.clipped(low, high).start)):
        hint = "leave TICKS WHERE out, or import trades"
        raise QueryError([Diagnostic("E405", f"{only}, in all of the range", hints=(hint,))], query.source)
    if notes is not None and len(lacking.start):
        first, last = day_text(int(lacking.start[0])), day_text(int(lacking.end[-1]) - 1)
        notes.append(Diagnostic("N108", f"{only}, for some of {first} .. {last}: their bars are left out"))
    return replace(found, candles={})


def _feed(query: Query, symbol: Symbol, found: Stored, choice: Choice, shape: Shape) -> Feed:
    calendar = _calendar(query, symbol)
    first = choice.sources[0].start_us
    last = max(ends(p, calendar) for p in found.parts)
    start = first if query.start_us is None else max(query.start_us, first)
    end = query.now_us if query.end_us is None else min(query.end_us, query.now_us)
    whole = query.start_us is None and end == query.now_us
    if query.fill is None or whole:  # FILL goes on to the end of a range, but everything stored ends where it ends
        end = min(end, last)
    return Feed(symbol, calendar, start, max(end, start), choice.sources, dates=choice.dates)


def _unfit(query: Query, snapshot: Snapshot, unfit: list[Stored], shape: Shape) -> QueryError:
    have = sorted({i for found in unfit for i in found.candles}, key=interval_us)
    named = ", ".join(str(found.symbol) for found in unfit)
    reason = f"no stored candles of {named} nest in bars of {shape.interval.text}{_of(shape.sessions)}"
    hints = [f"stored intervals: {', '.join(have)}", *_why(", ".join(have), query, shape)]
    hints += _ways_out(query, snapshot, unfit[0], shape)
    return QueryError([Diagnostic("E402", reason, hints=tuple(hints))], query.source)


def _ways_out(query: Query, snapshot: Snapshot, found: Stored, shape: Shape) -> list[str]:
    """The bars that the stored candles would make, nearest to what was asked."""
    calendar = _calendar(query, found.symbol)
    candles = replace(found, ticks=())
    epoch = Align("epoch")
    ways = [("ALIGN epoch", replace(shape, align=epoch))] if not shape.interval.is_calendar else []
    for text in sorted(found.candles, key=interval_us):
        length = interval_named(text)
        ways += [(f"CANDLES {text}", replace(shape, interval=length, align=Align()))]
        ways += (
            []
            if length.is_calendar
            else [(f"CANDLES {text} ALIGN epoch", replace(shape, interval=length, align=epoch))]
        )
    for written, other in ways:
        if choose(candles, calendar, other, snapshot, query.now_us).sources:
            return [f"`{written}` would work"]
    return []


def _of(sessions: tuple[SessionSpec, ...]) -> str:
    return " of the session " + ", ".join(s.name for s in sessions) if sessions else ""


def _why(have: str, query: Query, shape: Shape) -> tuple[str, ...]:
    """What to do where only candles of whole days are stored."""
    if not have.endswith(("d", "w", "o", "q", "y")):
        return ()
    if shape.sessions:
        return ("candles of whole days do not say what happened in one session; import trades or finer candles",)
    if not shape.interval.is_calendar:
        return ("candles of whole days do not say what happened within a day; import trades or finer candles",)
    return (f"their days must be the days of the bars, which here begin at midnight {query.zone}: see TZ and CALENDAR",)


def _nothing(symbols: Iterable[Symbol], what: str) -> None:
    named = ", ".join(str(s) for s in symbols)
    raise QueryError(
        [Diagnostic("E403", f"no {what} are stored for {named}", hints=("`SHOW symbols` lists what is stored",))]
    )


# ── steps ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _needs(query: Query, expressions: Iterable[Expr]) -> _Needs:
    names = dict.fromkeys(name for expr in expressions for name in column_order(expr))
    from_bars = query.verb.sees.is_bar
    sessions: dict[str, tuple[str, ...]] = {}
    for name in names:
        session, _, measure = name.rpartition(".")
        if session and session not in ("in", "day", "at"):
            sessions[session] = (*sessions.get(session, ()), measure)
    return _Needs(
        quote_means=tuple(n for n in names if from_bars and n in QUOTE_MEASURES),
        sessions=sessions,
        day=tuple(n for n in names if n.startswith("day.")),
        flags=tuple(n.removeprefix("in.") for n in names if n.startswith("in.")),
        parts=tuple(n.removeprefix(PREFIX) for n in names if n.startswith(PREFIX)),
    )


def _steps(query: Query, rows: Rows, needs: _Needs, snapshot: Snapshot) -> Iterable[Operator]:
    if query.fill is not None:
        yield FillSlots(query.fill)
    if needs.quote_means:
        yield QuoteMeans(needs.quote_means)
    for session, measures in needs.sessions.items():
        for_quotes = set(measures) <= set(QUOTE_MEASURES)
        spec = (SessionSpec(session),)
        yield SessionMeasures(session, measures, bars(query, snapshot, ONE_DAY, spec, Align(), for_quotes))
    if needs.day:
        yield DayMeasures(_day_columns(needs.day), bars(query, snapshot, ONE_DAY, (), Align()))
    if needs.flags:
        yield SessionFlags(needs.flags)
    if needs.parts:
        yield TimeParts(needs.parts)
    yield InRange(query.start_us, query.end_us, query.keep_partial or not isinstance(rows, Bars))
    if query.days is not None:
        assert query.days.verb.selection is not None
        yield query.days.verb.selection(build(query.days, snapshot), query.days_by_date)
    yield from query.verb.chooses(query)
    keys = tuple(OutputColumn(f"order.{n}", order.expr) for n, order in enumerate(query.order))
    per = query.limit.per if query.limit else ()
    groups = tuple(OutputColumn(f"per.{n}", expr) for n, expr in enumerate(per))
    yield Project((*query.columns, *keys, *groups))
    if query.order:
        yield Sort(
            tuple(Order(Column(k.name, k.expr.type), o.descending) for k, o in zip(keys, query.order, strict=True))
        )
    if query.limit is not None:
        yield Take(query.limit)


def _day_columns(names: tuple[str, ...]) -> tuple[OutputColumn, ...]:
    """`day.gap_pct`: the registry's function of that name over the bars of days, with its defaults."""
    from tapeql.functions.registry import functions

    columns = []
    for name in names:
        entry = functions()[name.removeprefix("day.")]
        inputs = tuple(Column(str(i.default), Type.FLOAT) for i in entry.inputs)
        params = tuple(p.default for p in entry.params if p.default is not None)
        columns.append(OutputColumn(name, expanded(Call(entry.name, inputs, params, entry.outputs[0]))))
    return tuple(columns)
