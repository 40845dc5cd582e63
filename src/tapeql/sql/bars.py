"""Bars from stored trades and finer candles: rows find their segment, the segment their bar, then one GROUP BY."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlglot import exp

from tapeql import calendars, tapes
from tapeql.calendars.grid import Grid, Instants
from tapeql.query.columns import BAR, TICK
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import Expr
from tapeql.query.rewriting import column_names
from tapeql.rows.days import day_grid, placed_days
from tapeql.rows.nesting import cut_to, interval_us, is_daily, stamped_before
from tapeql.rows.nodes import Bars, Feed
from tapeql.sql.dialects.dialect import Read, Unsayable
from tapeql.sql.expressions import Field, Rowwise
from tapeql.sql.grids import BarGrid, PlainGrid, bar_grid, intervals, last_close, sessions
from tapeql.sql.statement import AT, FEED, GROUP, SEQ, Statement, Stream, SymbolOf
from tapeql.sql.tape import stored
from tapeql.sql.terms import (
    BIGINT,
    TEXT,
    Kind,
    Node,
    both,
    call,
    case,
    cast,
    coalesce,
    column,
    double,
    either,
    false,
    filtered,
    greatest,
    integer,
    is_null,
    join,
    least,
    named,
    negation,
    null,
    op,
    select,
    star,
    table,
    text,
    union_all,
)

CLOSE, DATE = "bar_close", "session_date"
_MEASURES = ("open", "high", "low", "close", "volume", "trades", "vwap")


def bars(statement: Statement, node: Bars, now_us: int) -> tuple[Stream, BarGrid]:
    """The stream of bars, columns as in `BAR`, and the grid they lie on.

    Raises Unsayable for bars by amount: where one begins hangs on all before it, which no window of SQL says.
    """
    if node.interval.by:
        raise Unsayable(node.interval.text)
    grid = bar_grid(statement, "grid", node)
    tables = dict.fromkeys((source.table, source.interval) for feed in node.feeds for source in feed.sources)
    parts = [_from_ticks(statement, node, grid) for stored_table, _ in tables if stored_table == "ticks"]
    parts += [
        _from_candles(statement, node, grid, interval) for stored_table, interval in tables if stored_table == "ohlcv"
    ]
    if len(parts) > 1:
        whole = statement.add("all_bars", union_all([select([star()], table(part)) for part in parts]))
    else:
        whole = parts[0]
    return _labelled(statement, node, whole, now_us), grid


# ── trades ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _from_ticks(statement: Statement, node: Bars, grid: BarGrid) -> str:
    spans = _spans(node, "ticks", "")
    reads = [
        Read(
            statement.number(feed),
            statement.group(feed),
            feed.symbol,
            ranges[0][0],
            max(last_close(grid.grids[statement.group(feed)], low, high) for low, high in ranges),
        )
        for feed, ranges in spans
    ]
    where = node.ticks_where
    wanted = column_names(where) if where is not None else frozenset[str]()
    rules = {feed: tapes.eligibility(feed.symbol.venue) for feed, _ in spans}
    ruled = where is None and any(rules.values())
    columns = ["price", "quantity"]
    columns += [c for c in ("side", "trade_id", "conditions") if c in wanted or (c == "conditions" and ruled)]
    trades = stored(statement, "trades", "ticks", "", reads, columns)
    located = _located(statement, "trades_in_bars", trades, reads, columns, grid)
    if not all(_begins_a_bar(grid.grids[statement.group(feed)], ranges) for feed, ranges in spans):
        located = _chosen(statement, "chosen_trades", located, spans)
    if where is not None:
        located = _passing(statement, located, where)
    counts: dict[str, Node | None] = dict.fromkeys(("volume", "high_low", "open_close"))
    if ruled:
        located, counts = _counted(statement, located, rules)
    dialect = statement.dialect
    price, quantity, order = column("price"), column("quantity"), (AT, SEQ)
    volume = dialect.sum(quantity)
    if counts["volume"] is not None:
        volume = coalesce(filtered(volume, counts["volume"]), integer(0))
    notional = filtered(dialect.sum(op("*", price.copy(), quantity.copy())), counts["volume"])
    measures = {
        "open": dialect.first(price.copy(), order, counts["open_close"]),
        "high": filtered(call("max", price.copy()), counts["high_low"]),
        "low": filtered(call("min", price.copy()), counts["high_low"]),
        "close": dialect.first(price.copy(), order, counts["open_close"], last=True),
        "volume": volume,
        "trades": filtered(call("count", star()), counts["volume"]),
        "vwap": _mean(
            statement,
            volume,
            notional,
            filtered(call("min", price.copy()), counts["volume"]),
            filtered(call("max", price.copy()), counts["volume"]),
        ),
    }
    return _grouped(statement, "bars_from_trades", located, grid, measures)


def _passing(statement: Statement, located: str, where: Expr) -> str:
    """TICKS WHERE, over the columns of trades."""
    if column_names(where) & {"exchange", "symbol"}:
        of = statement.symbol_of(located)
        names = [named(of.exchange, "exchange"), named(of.symbol, "symbol")]
        located = statement.add("named_trades", select([star(located), *names], table(located), joins=of.joins))
    renamed = {"ts": AT, "seq": SEQ}
    rowwise = Rowwise(statement.dialect, {c: Field(renamed.get(c, c), type) for c, type in TICK.items()})
    return statement.add("passing_trades", select([star()], table(located), where=rowwise.truth(where)))


def _counted(
    statement: Statement, located: str, rules: Mapping[Feed, tapes.Eligibility | None]
) -> tuple[str, dict[str, Node | None]]:
    """Trades that count for something, and the conditions under which one counts for each thing."""
    names = ("no_volume", "no_high_low", "no_open_close")
    letters = {name: [getattr(rule, name) if rule else "" for rule in rules.values()] for name in names}
    numbers = {name: [_among(rule, name) for rule in rules.values()] for name in names}
    joins = []
    if len(set(rules.values())) == 1:
        by_letter: dict[str, Node] = {name: text(letters[name][0]) for name in names}
        by_number: dict[str, Node] = {name: text(numbers[name][0]) for name in names}
    else:
        constants: dict[str, tuple[Kind, Sequence[object]]] = {
            FEED: (BIGINT, [statement.number(feed) for feed in rules]),
            **{name: (TEXT, letters[name]) for name in names},
            **{f"{name}_numbers": (TEXT, numbers[name]) for name in names},
        }
        ruling = statement.constants("sale_conditions", constants)
        by_letter = {name: column(name, ruling) for name in names}
        by_number = {name: column(f"{name}_numbers", ruling) for name in names}
        joins.append(join(table(ruling), op("=", column(FEED, ruling), column(FEED, located))))
    codes = column("conditions")

    def counts_for(name: str) -> Node:
        numbered = exp.RegexpLike(this=codes.copy(), expression=text(tapes.NUMBERS))
        none = negation(exp.RegexpLike(this=codes.copy(), expression=by_number[name]))
        unlettered = op("=", call("translate", codes.copy(), by_letter[name], text("")), codes.copy())
        return either(is_null(codes.copy()), case((numbered, none), otherwise=unlettered))

    flags = {f"for_{name[3:]}": counts_for(name) for name in names}
    values = [star(located) if joins else star(), *(named(flag, name) for name, flag in flags.items())]
    judged = statement.add("judged_trades", select(values, table(located), joins=joins))
    counted = select([star()], table(judged), where=either(*map(column, flags)))
    return statement.add("counted_trades", counted), {name[3:]: column(f"for_{name[3:]}") for name in names}


_NEVER = "$."
"""A pattern that is found in no text."""


def _among(rule: tapes.Eligibility | None, name: str) -> str:
    """A pattern of the numbers that keep a trade from counting."""
    numbers = tapes.numbers_of(getattr(rule, name), rule.tape) if rule else []
    return f"(^|[^0-9])0*({'|'.join(map(str, numbers))})([^0-9]|$)" if numbers else _NEVER


# ── candles ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _from_candles(statement: Statement, node: Bars, grid: BarGrid, interval: str) -> str:
    spans = _spans(node, "ohlcv", interval)
    before, after = stamped_before(interval), 4 * DAY_US if is_daily(interval) else 0
    reads = []
    for feed, ranges in spans:
        low, high = ranges[0][0], max(last_close(grid.grids[statement.group(feed)], *r) for r in ranges)
        reads.append(Read(statement.number(feed), statement.group(feed), feed.symbol, low - before, high + after))
    candles = stored(statement, f"candles_{interval}", "ohlcv", interval, reads, _MEASURES)
    candles = _placed(statement, node, grid, interval, candles, [feed for feed, _ in spans])
    located = _located(statement, f"candles_{interval}_in_bars", candles, reads, _MEASURES, grid)
    located = _chosen(statement, f"chosen_candles_{interval}", located, spans)
    dialect, order = statement.dialect, (AT, SEQ)

    def known(name: str) -> Node:
        return negation(is_null(column(name)))

    # where nothing traded a candle repeats an old price, which counts only where there are no others
    traded = op("!=", coalesce(column("volume"), double(1)), _zero())
    has_volume = op(">", column("volume"), _zero())
    volume = dialect.sum(column("volume"))
    notional = filtered(dialect.sum(op("*", column("vwap"), column("volume"))), has_volume)
    all_told = op("=", filtered(call("count", column("vwap")), has_volume), filtered(call("count", star()), has_volume))
    trades = case((traded.copy(), column("trades")), otherwise=coalesce(column("trades"), integer(0)))
    trades_told = op("=", call("count", trades), call("count", star()))
    vwaps = (filtered(call(f, column("vwap")), has_volume.copy()) for f in ("min", "max"))

    def ends(name: str, *, last: bool = False) -> Node:
        found = [dialect.first(column(name), order, both(known(name), traded.copy()), last=last)]
        return coalesce(*found, dialect.first(column(name), order, known(name), last=last))

    def extreme(name: str, function: str) -> Node:
        return coalesce(filtered(call(function, column(name)), traded.copy()), call(function, column(name)))

    measures = {
        "open": ends("open"),
        "high": extreme("high", "max"),
        "low": extreme("low", "min"),
        "close": ends("close", last=True),
        "volume": volume,
        "trades": case((trades_told, cast(call("sum", trades.copy()), BIGINT))),
        "vwap": case((all_told, _mean(statement, volume, notional, *vwaps))),
    }
    return _grouped(statement, f"bars_from_{interval}", located, grid, measures)


def _placed(
    statement: Statement,
    node: Bars,
    grid: BarGrid,
    interval: str,
    candles: str,
    feeds: Sequence[Feed],
) -> str:
    """Candles at an instant of the bar they lie in: where they, or the sessions of their dates, first meet it."""
    lengths: list[tuple[int, int]] = []
    columns: dict[str, list[int]] = {"start": [], "stop": [], "begin": []}
    moved = False
    for calendar in dict.fromkeys(feed.calendar for feed in feeds):
        g = statement.calendars[calendar]
        within = {s.within for f in feeds if f.calendar == calendar for s in f.sources if s.interval == interval}
        if len(within) > 1:
            raise Unsayable("candles of one calendar that are cut at different sessions")
        if is_daily(interval):
            start, end, begin = _dated(
                node, calendar, interval, grid.grids[g], [f for f in feeds if f.calendar == calendar]
            )
            moved = True
        else:
            start, end, begin = _reaching(
                cut_to(grid.grids[g], calendar, node.reference, within.pop()), interval_us(interval)
            )
            moved = moved or bool((start < begin).any()) or len(begin) < len(grid.grids[g])
        lengths.append((g, len(start)))
        for name, values in zip(columns, (start, end, begin), strict=True):
            columns[name] += values.tolist()
    if not moved:
        return candles
    places = intervals(statement, f"places_{interval}", lengths, columns)
    at = column(AT, candles)
    meets = column("begin", "p")
    shown = [
        *(column(c, candles) for c in statement.numbers),
        named(meets if is_daily(interval) else greatest(at, meets), AT),
        *(column(c, candles) for c in (SEQ, *_MEASURES)),
    ]
    joins = statement.containing(at.copy(), column(GROUP, candles), places, "p")
    inside = op("<", at.copy(), column("stop", "p"))
    return statement.add(f"placed_candles_{interval}", select(shown, table(candles), joins=joins, where=inside))


def _reaching(grid: Grid, us: int) -> tuple[Instants, Instants, Instants]:
    """Segments from where a candle that reaches into them may be stamped: (start, end, begin)."""
    ends_before = np.append(grid.start[:1] - us, grid.end[:-1])
    return np.maximum(ends_before, grid.start - us + 1), grid.end, grid.start


def _dated(
    node: Bars, calendar: str, interval: str, grid: Grid, feeds: Sequence[Feed]
) -> tuple[Instants, Instants, Instants]:
    """For each stretch of stamps that stand for one date, an instant of the bar which holds that date."""
    low = min(feed.start_us for feed in feeds) - stamped_before(interval)
    high = max(int(grid.end.max(initial=low)), low + 1) + 4 * DAY_US
    start, _ = calendars.stamp_ranges(calendar, node.zone, low, high)
    at, held = placed_days(day_grid(node, feeds[0], grid), node, calendar, interval, start)
    end = np.append(start[1:], high)
    return start[held], end[held], at[held]


# ── bars ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _spans(node: Bars, stored_table: str, interval: str) -> list[tuple[Feed, list[tuple[int, int]]]]:
    """For each feed, the ranges of bar openings that a stored table answers for."""
    found = []
    for feed in node.feeds:
        ranges = [
            (max(source.start_us, feed.start_us), min(source.end_us, feed.end_us))
            for source in feed.sources
            if (source.table, source.interval) == (stored_table, interval)
        ]
        ranges = [(low, high) for low, high in ranges if low < high]
        if ranges:
            found.append((feed, ranges))
    return found


def _located(
    statement: Statement, name: str, rows: str, reads: Sequence[Read], columns: Sequence[str], grid: BarGrid
) -> str:
    """Rows with the opening of their bar, and its closing and session date where these are not arithmetic too."""
    low, high = min((read.start_us for read in reads), default=0), max((read.end_us for read in reads), default=0)
    if isinstance(grid, PlainGrid):
        at = column(AT)
        opening, inside = grid.opening(statement, at), grid.inside(at.copy(), low, high)
        located = select([star(), named(opening, "bar")], table(rows), where=inside)
    else:
        at = column(AT)
        opening = grid.opening(statement, at)
        values = [
            *(column(c) for c in (FEED, AT, SEQ, *columns)),
            named(opening, "bar"),
            named(grid.closing(opening.copy()), CLOSE),
            named(grid.date(statement, at.copy()), DATE),
        ]
        joins = grid.joins(statement, at.copy(), column(GROUP, rows))
        located = select(values, table(rows), joins=joins, where=grid.inside(at.copy(), low, high))
    return statement.add(name, statement.dialect.computed_once(located))


def _begins_a_bar(grid: Grid, ranges: Sequence[tuple[int, int]]) -> bool:
    """Whether a range is one and begins where a bar does, or where there is none: it ends where one closes anyway."""
    if len(ranges) != 1:
        return False
    low = ranges[0][0]
    at = int(np.searchsorted(grid.start, low, "right")) - 1
    if at < 0 or low >= grid.end[at]:
        return True
    step, origin = int(grid.step[at]), int(grid.origin[at])
    return low == (origin + (low - origin) // step * step if step else origin)


def _chosen(statement: Statement, name: str, located: str, spans: Sequence[tuple[Feed, list[tuple[int, int]]]]) -> str:
    """Rows of the bars this source answers for."""
    bar, every = column("bar", located), {tuple(ranges) for _, ranges in spans}
    if len(every) == 1 and len(spans[0][1]) == 1:
        low, high = spans[0][1][0]
        within = both(op(">=", column("bar"), integer(low)), op("<", column("bar"), integer(high)))
        return statement.add(name, select([star()], table(located), where=within))
    constants: dict[str, tuple[Kind, Sequence[object]]] = {
        FEED: (BIGINT, [statement.number(feed) for feed, ranges in spans for _ in ranges]),
        "low": (BIGINT, [low for _, ranges in spans for low, _ in ranges]),
        "until": (BIGINT, [high for _, ranges in spans for _, high in ranges]),
    }
    span = statement.constants("openings", constants)
    on = both(
        op("=", column(FEED, span), column(FEED, located)),
        op(">=", bar, column("low", span)),
        op("<", bar.copy(), column("until", span)),
    )
    return statement.add(name, select([star(located)], table(located), joins=[join(table(span), on)]))


def _grouped(statement: Statement, name: str, located: str, grid: BarGrid, measures: Mapping[str, Node]) -> str:
    keys: list[Node] = [column(c) for c in (FEED, "bar")]
    date: Node = column(DATE)
    if isinstance(grid, PlainGrid):
        closing, date = grid.closing(column("bar")), grid.date(statement, column("bar"))
        values = [*keys, named(closing, CLOSE), named(date, DATE), *(named(node, c) for c, node in measures.items())]
        return statement.add(name, select(values, table(located), group=[key.copy() for key in keys]))
    keys.append(column(CLOSE))
    if grid.carried and grid.steps != {0}:
        # a bar across several sessions has the date of the first it has rows in
        date = statement.dialect.first(date, (AT, SEQ))
    else:
        keys.append(column(DATE))
    values = [*(k.copy() for k in keys[:3]), named(date, DATE), *(named(node, c) for c, node in measures.items())]
    return statement.add(name, select(values, table(located), group=keys))


def _labelled(statement: Statement, node: Bars, whole: str, now_us: int) -> Stream:
    """Bars under their own names, with exchange, symbol, session and completeness."""
    closing = column(CLOSE)
    of = statement.symbol_of(whole)
    session, more = _session_of(statement, node, of)
    joins = [*of.joins, *more]
    values: dict[str, Node] = {
        "symbol": of.symbol,
        "exchange": of.exchange,
        "interval": statement.dialect.text(node.interval.text),
        "ts_close": closing,
        **{name: column(name) for name in _MEASURES},
        "session": session,
        DATE: column(DATE),
        "complete": op("<=", closing.copy(), integer(now_us)),
        "filled": false(),
    }
    chosen = [
        column(FEED, whole if of.joins else ""),
        named(column("bar"), AT),
        *(named(node, name) for name, node in values.items()),
    ]
    relation = statement.add("bars", select(chosen, table(whole), joins=joins))
    fields = {name: Field(AT if name == "ts" else name, type) for name, type in BAR.items()}
    return Stream(relation, fields, (AT,))


def _session_of(statement: Statement, node: Bars, of: SymbolOf) -> tuple[Node, list[exp.Join]]:
    """The named session in which bars lie wholly, and what rows must be joined with to know it."""
    if node.interval.is_calendar:
        return _session_of_units(node, of), []
    low, high = min(f.start_us for f in node.feeds), max(f.end_us for f in node.feeds)
    spans = sessions(statement, "sessions", node, low - 2 * DAY_US, high)
    joins = statement.containing(column("bar"), of.g.copy(), spans, "span", side="LEFT", few=True)
    return case((op("<=", column(CLOSE), column("stop", "span")), column("name", "span"))), joins


def _session_of_units(node: Bars, of: SymbolOf) -> Node:
    """Bars of calendar units hold the regular session where there is one, or the one session asked for."""
    if len(node.sessions) == 1:
        return cast(text(node.sessions[0].name), TEXT)
    closing = [feed.calendar for feed in node.feeds if not calendars.is_continuous(feed.calendar)]
    if node.sessions or not closing:
        return null(TEXT)
    if len(closing) == len(node.feeds):
        return cast(text("regular"), TEXT)
    names = dict.fromkeys((f.symbol, calendars.is_continuous(f.calendar)) for f in node.feeds)
    regular = [
        both(
            op("=", of.exchange.copy(), text(symbol.venue)),
            op("=", of.symbol.copy(), text(symbol.code)),
        )
        for symbol, continuous in names
        if not continuous
    ]
    return case((either(*regular), text("regular")))


def _mean(statement: Statement, volume: Node, notional: Node, lowest: Node, highest: Node) -> Node:
    """Σ price·quantity / Σ quantity, which lies among its prices whatever the last bit of the quotient says."""
    mean = least(greatest(op("/", notional, volume.copy()), lowest), highest)
    finite = [call("isfinite", notional.copy())] if statement.dialect.ieee else []
    return case((both(op(">", volume.copy(), _zero()), *finite), mean))


def _zero() -> Node:
    return integer(0)
