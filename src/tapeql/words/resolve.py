"""The sentence understood: syntax → Query.

symbols ─▶ market (calendars, zone) ─▶ range ─▶ conditions ─▶ columns ─▶ days ─▶ lookahead
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tapeql import limits
from tapeql.errors import NOWHERE, Diagnostics
from tapeql.language import syntax
from tapeql.language.clauses.add import Add
from tapeql.language.clauses.align import Align as WrittenAlign
from tapeql.language.clauses.calendar import Calendar
from tapeql.language.clauses.during import During
from tapeql.language.clauses.fill import Fill
from tapeql.language.clauses.from_ import From
from tapeql.language.clauses.keep import Keep
from tapeql.language.clauses.label import Label
from tapeql.language.clauses.limit import Limit as WrittenLimit
from tapeql.language.clauses.offset import Offset
from tapeql.language.clauses.on_days_where import OnDaysWhere
from tapeql.language.clauses.order_by import OrderBy
from tapeql.language.clauses.select import Select
from tapeql.language.clauses.session import Session
from tapeql.language.clauses.since import Since
from tapeql.language.clauses.ticks_where import TicksWhere
from tapeql.language.clauses.tz import Tz
from tapeql.language.clauses.until import Until
from tapeql.language.clauses.warmup import Warmup
from tapeql.language.clauses.where import Where
from tapeql.query import outputs
from tapeql.query.durations import DAY_US, BadDuration, elapsed_us, interval
from tapeql.query.expressions import Expressions
from tapeql.query.fill import resolve_fill
from tapeql.query.market import Market, is_mixed, market_of, resolve_calendar, resolve_zone
from tapeql.query.nodes import Align, Column, Expr, Interval, Limit, Order, Symbol, Type
from tapeql.query.parameters import check_parameters, plain
from tapeql.query.ranges import RangeReader
from tapeql.query.report import Report
from tapeql.query.scope import Scope, columns_alone, columns_of
from tapeql.query.sentence import Query
from tapeql.query.sessions import resolve_sessions, session_words
from tapeql.query.settings import Settings, bytes_of
from tapeql.query.symbols import Catalogue, resolve_symbols
from tapeql.words.clauses import Clauses, check_fit, inherit, is_longer_than_a_day
from tapeql.words.lookahead import lookahead
from tapeql.words.verbs import verbs

_MOST_ROWS = 2**63 - 1
_WHOLE_DAYS_US = 2 * DAY_US
"""A day's bar opens within two days of any instant of that day, whatever its sessions and clocks."""


def resolve(
    statement: syntax.Query | syntax.Pipe,
    catalogue: Catalogue,
    settings: Settings,
    params: Mapping[str, object],
    now_us: int,
    source: str,
) -> Query:
    """Everything the text and the catalogue decide; QueryError with all independent mistakes.

    Args:
        statement: the parsed query or pipeline.
        catalogue: which symbols are stored.
        settings: what SET has set.
        params: values of `$name`: numbers, booleans, text, dates, datetimes.
        now_us: the one now of this query, microseconds since 1970-01-01T00:00Z.
        source: the text, for messages.
    """
    report = Report(Diagnostics(source))
    check_parameters(statement, params, report)
    query = Resolver(catalogue, settings, plain(params), now_us, source, report).statement(statement)
    report.found.raise_errors()
    for use in lookahead(query):
        if settings.strict:
            report.add("E301", f"{use.reason}; known at {use.known_at}", use.span, "`SET strict = off` allows it")
        else:
            report.add("N301", f"{use.reason}; known at {use.known_at}", use.span)
    report.found.raise_errors()
    return replace(query, notes=report.notes)


@dataclass(slots=True)
class Resolver:
    """One statement's worth of resolving: what is known from outside, and the report."""

    catalogue: Catalogue
    settings: Settings
    params: Mapping[str, object]
    now_us: int
    source: str
    report: Report

    def statement(self, statement: syntax.Query | syntax.Pipe) -> Query:
        return self._pipeline(statement)[0]

    def _pipeline(self, statement: syntax.Query | syntax.Pipe) -> tuple[Query, syntax.Query]:
        """The query, and its last verb with all clauses in force there."""
        match statement:
            case syntax.Query():
                return self._query(statement, None, statement), statement
            case syntax.Pipe(left=left, right=right):
                days, before = self._pipeline(left)
                if not days.verb.selects:
                    self.report.add(
                        "E207", "the left of `|>` selects days or ranges; write DAYS or RANGES there", before.verb.span
                    )
                whole = inherit(right, before)
                return self._query(whole, days, statement), whole

    def _query(self, written: syntax.Query, days: Query | None, statement: syntax.Query | syntax.Pipe) -> Query:
        clauses, report = Clauses(written), self.report
        verb = verbs()[written.verb.name]
        length = self._interval(written.verb)
        check_fit(written, verb, length, report)
        if days is not None and days.verb.selects == "days" and length is not None and is_longer_than_a_day(length):
            report.add(
                "E207", f"days cannot select bars of {length.text}: one holds several of them", written.verb.span
            )

        symbols, market = self._market(clauses)
        zone = self._zone(clauses, market, symbols)
        long = length is not None and length.is_calendar
        reader = RangeReader(zone, market.calendars, self.now_us, self.params, report, long)
        start_us, end_us = reader.read(clauses.get(During), clauses.get(Since), clauses.get(Until))
        days = self._days(written, days)

        label = clauses.get(Label)
        label_close = label is not None and label.side == "close" and verb.sees.is_bar
        items = [item for c in (clauses.get(Add), clauses.get(Select)) if c for item in c.items]
        scope = Scope(
            verb.sees,
            long,
            columns_of(verb.sees, verb.names, label_close=label_close),
            market.sessions,
            zone,
            self.now_us,
            self.params,
            report,
            reasons=verb.reasons,
            aliases=outputs.aliases_of(items),
        )
        shows = ["ts_open" if label_close and name == "ts_close" else name for name in verb.shows]
        expressions = Expressions(scope)
        where = clauses.get(Where)
        condition = expressions.condition(where.condition) if where else None
        if verb.makes is not None:
            expressions = Expressions(
                replace(scope, rows=verb.makes, long=False, columns=columns_of(verb.makes), sessions=())
            )
        order = self._order(clauses.get(OrderBy), expressions)
        columns = outputs.resolve_columns(expressions, shows, clauses.get(Add), clauses.get(Select))
        limit = self._limit(clauses.get(WrittenLimit), expressions)
        ticks_where = self._ticks_where(clauses.get(TicksWhere), replace(scope, row_wise=True, aliases={}))
        sessions = resolve_sessions(clauses.get(Session), market, report)
        fill, warmup = clauses.get(Fill), clauses.get(Warmup)

        calendar = clauses.get(Calendar)
        found = Query(
            verb=verb,
            interval=length,
            symbols=symbols,
            start_us=start_us,
            end_us=end_us,
            now_us=self.now_us,
            zone=zone,
            calendar=market.calendars[0] if calendar else None,
            reference=self.settings.calendar,
            sessions=sessions,
            align=self._align(clauses),
            ticks_where=ticks_where,
            days=days,
            days_by_date=days is not None and not set(symbols) <= set(days.symbols),
            fill=resolve_fill(fill, report) if fill else None,
            where=condition,
            columns=columns,
            order=order,
            limit=limit,
            keep_partial=clauses.get(Keep) is not None,
            label_close=label_close,
            warmup_rows=warmup.rows if warmup else None,
            strict=self.settings.strict,
            engine=self.settings.engine,
            threads=self.settings.threads,
            memory=bytes_of(self.settings.memory) or limits.QUERY_MEMORY_BYTES,
            canonical=_canonical(statement),
            source=self.source,
        )
        if market.continuous and session_words(found):
            report.add(
                "N101",
                f"session words mean the sessions of {self.settings.calendar} on venues that never close",
                NOWHERE,
            )
        return found

    # ── clauses ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _interval(self, verb: syntax.Verb) -> Interval | None:
        if verb.interval is None:
            return verbs()[verb.name].interval
        try:
            return interval(verb.interval)
        except BadDuration as wrong:
            self.report.add("E203", str(wrong), verb.interval.span, *([wrong.hint] if wrong.hint else []))
            return None

    def _market(self, clauses: Clauses) -> tuple[tuple[Symbol, ...], Market]:
        source, calendar = clauses.get(From), clauses.get(Calendar)
        symbols = resolve_symbols(source, self.catalogue, self.settings.venue, self.report) if source else ()
        named = resolve_calendar(calendar.name, calendar, self.report) if calendar else None
        return symbols, market_of(symbols, named, self.settings.calendar)

    def _zone(self, clauses: Clauses, market: Market, symbols: tuple[Symbol, ...]) -> str:
        tz, source = clauses.get(Tz), clauses.get(From)
        if tz is None and self.settings.tz is None and is_mixed(market) and source is not None:
            self.report.add(
                "N102",
                f"dates are read in UTC: the symbols' calendars ({', '.join(market.calendars)}) keep different time",
                source.span,
                "`TZ zone` or `SET tz = zone` says otherwise",
            )
        return resolve_zone(tz, self.settings, market, self.report)

    def _days(self, written: syntax.Query, piped: Query | None) -> Query | None:
        """ON DAYS WHERE as a DAYS query over the days the range touches; days piped in select its days in turn."""
        clauses = Clauses(written)
        on_days = clauses.get(OnDaysWhere)
        if on_days is None:
            return piped
        if piped is not None and piped.verb.selects != "days":
            self.report.add(
                "E207", "rows are chosen by ranges or by days", on_days.span, "write ON DAYS WHERE before `|>`"
            )
            return piped
        inner = syntax.Query(
            syntax.Verb("days", None, on_days.span),
            (*clauses.conditions_of_days(), Where(on_days.condition, on_days.span)),
            on_days.span,
        )
        days = self._query(inner, piped, inner)
        return replace(
            days,
            start_us=None if days.start_us is None else days.start_us - _WHOLE_DAYS_US,
            end_us=None if days.end_us is None else days.end_us + _WHOLE_DAYS_US,
        )

    def _order(self, clause: OrderBy | None, expressions: Expressions) -> tuple[Order, ...]:
        if clause is None:
            return ()
        return tuple(Order(expressions.output(item.value), item.descending) for item in clause.items)

    def _ticks_where(self, clause: TicksWhere | None, scope: Scope) -> Expr | None:
        if clause is None:
            return None
        return Expressions(replace(scope, columns=columns_alone())).condition(clause.condition)

    def _align(self, clauses: Clauses) -> Align:
        align, offset = clauses.get(WrittenAlign), clauses.get(Offset)
        offset_us = 0
        if offset is not None:
            try:
                offset_us = elapsed_us(offset.by, days=True)
            except BadDuration as wrong:
                self.report.add("E203", str(wrong), offset.by.span, *([wrong.hint] if wrong.hint else []))
        match align.to if align else "session":
            case syntax.Time(us=us, span=span):
                if us >= DAY_US:
                    self.report.add("E404", "a day's times run from 00:00 to 23:59", span)
                return Align("time", us, offset_us)
            case str() as to:
                return Align(to, 0, offset_us)

    def _limit(self, clause: WrittenLimit | None, expressions: Expressions) -> Limit | None:
        if clause is None:
            return None
        rows: object = clause.rows
        if isinstance(clause.rows, syntax.Parameter):
            rows = self.params.get(clause.rows.name, 0)
        if not isinstance(rows, int) or isinstance(rows, bool) or rows < 0:
            self.report.add("E208", f"LIMIT is a number of rows, 0 or more, not {rows!r}", clause.span)
            return None
        if rows > _MOST_ROWS:
            self.report.add("E208", f"LIMIT goes up to {_MOST_ROWS}", clause.span, "leave LIMIT out for all rows")
            return None
        per = [expressions.output(_group(written)) for written in clause.per]
        if any(isinstance(expr, Column) and expr.name == "symbol" for expr in per):
            per.insert(0, Column("exchange", Type.STRING))  # a symbol is one of a venue
        return Limit(rows, tuple(dict.fromkeys(per)), clause.last)


def _group(written: syntax.Expr) -> syntax.Expr:
    """`PER day` is of each trading date, not of each day of the month."""
    match written:
        case syntax.Name(parts=(name,), span=span) if name.lower() == "day":
            return syntax.Name(("session_date",), span)
        case _:
            return written


def _canonical(statement: syntax.Query | syntax.Pipe) -> str:
    from tapeql.language.format import format_statement

    return format_statement(statement)
