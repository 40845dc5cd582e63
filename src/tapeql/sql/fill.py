"""FILL: a row for every empty slot of an open market, from the first bar to the end of the range or now.

slots of the grid − bars = empty slots ─▶ with the bars before and after them in the same open market ─▶ rows
"""

from __future__ import annotations

import numpy as np
from sqlglot import exp

from tapeql import limits
from tapeql.calendars.grid import NEVER
from tapeql.errors import LimitError
from tapeql.query.columns import BAR
from tapeql.query.nodes import Fill
from tapeql.rows.nodes import Bars
from tapeql.sql.bars import session_of
from tapeql.sql.dialects.dialect import Unsayable
from tapeql.sql.expressions import KINDS
from tapeql.sql.grids import GridTable
from tapeql.sql.statement import AT, FEED, Statement, Stream
from tapeql.sql.terms import (
    BIGINT,
    DOUBLE,
    Node,
    both,
    call,
    case,
    cast,
    column,
    false,
    filtered,
    integer,
    is_null,
    join,
    named,
    negation,
    null,
    op,
    over,
    select,
    table,
    tight,
    union_all,
)

PRICES = ("open", "high", "low", "close")
MEASURES = (*PRICES, "volume", "trades", "vwap")
CLOSE, DATE, MARKET, KNOWN = "ts_close", "session_date", "market", "known"


def filled(
    statement: Statement, fill: Fill, node: Bars, grid: GridTable, stream: Stream, now_us: int, prefix: str
) -> Stream:
    """The stream of bars with the holes between them filled."""
    if not statement.dialect.runs_kernels:
        raise Unsayable("FILL")
    _check(node, grid, statement, now_us)
    slots = statement.add(f"{prefix}slots", _slots(statement, grid))
    timeline = statement.add(f"{prefix}timeline", _timeline(statement, node, slots, stream, now_us, prefix))
    holes = statement.add(f"{prefix}holes", _holes(fill, timeline))
    new = statement.add(f"{prefix}new_rows", _new_rows(statement, fill, node, holes, stream, now_us, prefix))
    names = [FEED, AT, *(f.name for logical, f in stream.columns.items() if logical != "ts")]
    parts = [select([column(c) for c in names], table(relation)) for relation in (stream.relation, new)]
    return Stream(statement.add(f"{prefix}filled", union_all(parts)), stream.columns, stream.keys)


def _check(node: Bars, grid: GridTable, statement: Statement, now_us: int) -> None:
    for feed in node.feeds:
        segments = grid.grids[statement.group(feed)]
        low = np.maximum(segments.start, feed.start_us)
        high = np.minimum(segments.end, min(feed.end_us, now_us))
        stepped = (segments.step > 0) & (segments.market_open < NEVER) & (high > low)
        count = int(((high - low)[stepped] // segments.step[stepped]).sum())
        if count > limits.FILL_ROWS:
            raise LimitError(
                f"FILL may create {count:,} rows for {feed.symbol}, more than {limits.FILL_ROWS:,}", "FILL_ROWS"
            )


def _slots(statement: Statement, grid: GridTable) -> exp.Select:
    """Bars an open market has room for: (g, at, ts_close, session_date, market), each once, of its first open segment."""
    start, end, step = column("first_open"), column("end"), column("step")
    if grid.steps == {0}:
        opens: Node = start
    elif 0 in grid.steps:
        one = call("greatest", step, integer(1))
        units = op("=", step.copy(), integer(0))
        until = exp.Case(ifs=[exp.If(this=units, true=op("+", start.copy(), integer(1)))], default=end)
        opens = call("unnest", call("range", start, until, one))
    else:
        opens = call("unnest", call("range", start, end, step))
    values = [column("g"), named(opens, AT), *(column(c) for c in ("start", "step", "limit", DATE, "market_open"))]
    where = op("<", column("market_open"), integer(NEVER))
    pieces = statement.add("open_pieces", select(values, table(grid.relation), where=where))
    closing = grid.closing(column(AT, pieces), pieces)
    first = statement.dialect.first
    kept = {
        CLOSE: closing,
        DATE: column(DATE, pieces),
        MARKET: integer(0) if grid.steps == {0} else column("market_open", pieces),
    }
    keys = [column("g", pieces), column(AT, pieces)]
    return select(
        [*keys, *(named(first(value, ("start",)), name) for name, value in kept.items())],
        table(pieces),
        group=[key.copy() for key in keys],
    )


def _timeline(statement: Statement, node: Bars, slots: str, stream: Stream, now_us: int, prefix: str) -> exp.Query:
    """Bars, and the empty slots after the first of them, with the open market they lie in."""
    bars = stream.relation
    until = statement.constants(
        f"{prefix}fill_ends",
        {
            FEED: (BIGINT, [statement.number(feed) for feed in node.feeds]),
            "until": (BIGINT, [min(feed.end_us, now_us) for feed in node.feeds]),
        },
    )
    begun = statement.add(
        f"{prefix}first_bars",
        select([column(FEED), named(call("min", column(AT)), "begun")], table(bars), group=[column(FEED)]),
    )
    same_slot = both(op("=", column("g", slots), column("g", "symbols")), op("=", column(AT, slots), column(AT, bars)))
    of_bars = [
        *(column(c, bars) for c in (FEED, AT)),
        named(column(AT, bars), KNOWN),
        column(MARKET, slots),
        *(column(c, bars) for c in (CLOSE, DATE, *MEASURES)),
    ]
    known = select(
        of_bars,
        table(bars),
        joins=[
            join(table("symbols"), op("=", column(FEED, "symbols"), column(FEED, bars))),
            join(table(slots), same_slot, side="LEFT"),
        ],
    )
    at = column(AT, slots)
    of_slots = [
        column(FEED, "symbols"),
        at,
        named(null(BIGINT), KNOWN),
        *(column(c, slots) for c in (MARKET, CLOSE, DATE)),
        *(named(null(KINDS[BAR[m]]), m) for m in MEASURES),
    ]
    there = both(op("=", column(FEED, bars), column(FEED, "symbols")), op("=", column(AT, bars), at.copy()))
    empty = select(
        of_slots,
        table(slots),
        joins=[
            join(table("symbols"), op("=", column("g", "symbols"), column("g", slots))),
            join(table(begun), op("=", column(FEED, begun), column(FEED, "symbols"))),
            join(table(until), op("=", column(FEED, until), column(FEED, "symbols"))),
            join(table(bars), there, side="LEFT"),
        ],
        where=both(
            op(">", at.copy(), column("begun", begun)),
            op("<", at.copy(), column("until", until)),
            is_null(column(AT, bars)),
        ),
    )
    return union_all([known, empty])


def _holes(fill: Fill, timeline: str) -> exp.Select:
    """Each row with the bars so far, and the last and the next known values in its open market that fills need."""
    market = [column(FEED), column(MARKET)]
    forward = [exp.Ordered(this=column(AT), desc=False, nulls_first=False)]
    backward = [exp.Ordered(this=column(AT), desc=True, nulls_first=False)]
    values = [exp.Star(), named(over(call("count", column(KNOWN)), [column(FEED)], forward, "ROWS"), "hole")]
    for source in _sources(fill, "previous", "linear"):
        values.append(named(over(_last_known(column(source)), market, forward, "ROWS"), f"before_{source}"))
    for source in _sources(fill, "linear"):
        known_at = case((negation(is_null(column(source))), column(AT)))
        values += [
            named(over(_last_known(column(source)), market, backward, "ROWS"), f"after_{source}"),
            named(over(call("max", known_at), market, forward, "ROWS"), f"before_{source}_at"),
            named(over(call("min", known_at.copy()), market, backward, "ROWS"), f"after_{source}_at"),
        ]
    return select(values, table(timeline))


def _last_known(x: Node) -> Node:
    return exp.IgnoreNulls(this=exp.LastValue(this=x))


def _sources(fill: Fill, *methods: str) -> list[str]:
    """The measures that filled columns are drawn from by one of some methods."""
    return sorted({_source(measure) for measure, method in fill.methods if method in methods})


def _new_rows(
    statement: Statement, fill: Fill, node: Bars, holes: str, stream: Stream, now_us: int, prefix: str
) -> exp.Select:
    methods = dict(fill.methods)
    needed = [f"before_{source}" for source in _sources(fill, "previous", "linear")]
    needed += [f"after_{source}" for source in _sources(fill, "linear")]
    conditions: list[Node] = [is_null(column(KNOWN)), *(negation(is_null(column(name))) for name in needed)]
    rows: list[Node] = [exp.Star()]
    if fill.max_rows is not None:
        length = filtered(call("count", exp.Star()), is_null(column(KNOWN)))
        rows.append(named(over(length, [column(c) for c in (FEED, MARKET, "hole")]), "length"))
        holes = statement.add(f"{prefix}measured_holes", select(rows, table(holes)))
        conditions.append(op("<=", column("length"), integer(fill.max_rows)))
    chosen = statement.add(f"{prefix}filled_slots", select([exp.Star()], table(holes), where=both(*conditions)))
    joins = [join(table("symbols"), op("=", column(FEED, "symbols"), column(FEED, chosen)))]
    session, more = session_of(statement, node, chosen, AT, CLOSE, prefix)
    values: dict[str, Node] = {
        "symbol": column("symbol", "symbols"),
        "exchange": column("exchange", "symbols"),
        "interval": statement.dialect.text(node.interval.text),
        CLOSE: column(CLOSE, chosen),
        **{m: _value(m, methods[m], chosen) for m in MEASURES},
        "session": session,
        DATE: column(DATE, chosen),
        "complete": op("<=", column(CLOSE, chosen), integer(now_us)),
        "filled": negation(false()),
    }
    columns = [column(c, chosen) for c in (FEED, AT)]
    return select(
        [*columns, *(named(value, name) for name, value in values.items())], table(chosen), joins=[*joins, *more]
    )


def _source(measure: str) -> str:
    """Prices carry the close."""
    return "close" if measure in PRICES else measure


def _value(measure: str, method: str, rows: str) -> Node:
    kind = KINDS[BAR[measure]]
    match method:
        case "previous":
            return column(f"before_{_source(measure)}", rows)
        case "zero":
            return cast(integer(0), kind)
        case "linear":
            source = _source(measure)
            before, after = (cast(column(f"{side}_{source}", rows), DOUBLE) for side in ("before", "after"))
            since = column(f"before_{source}_at", rows)
            share = op(
                "/",
                cast(tight(op("-", column(AT, rows), since)), DOUBLE),
                cast(tight(op("-", column(f"after_{source}_at", rows), since.copy())), DOUBLE),
            )
            drawn = op("+", before, op("*", op("-", after, before.copy()), share))
            return cast(call("round_even", drawn, integer(0)), kind) if kind is BIGINT else drawn
    return null(kind)
