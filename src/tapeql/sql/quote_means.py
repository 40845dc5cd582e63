"""Time-weighted means of quotes over bars.

    quotes ∪ pieces of bars, in order of time ─▶ what stands from each event to the next, and in which piece
                                               ─▶ Σ value · time / Σ time of valid quotes, bar by bar

A piece begins with an event of its own, so the quote that prevails then counts from there and no life straddles an edge.
Where markets are named, each event is seen by each market, and the best of what stands there prevails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlglot import exp

from tapeql import calendars
from tapeql.calendars.grid import NEVER
from tapeql.kernels.quotes import prevailing
from tapeql.rows.nodes import Bars, Feed
from tapeql.sql.dialects.dialect import Read
from tapeql.sql.grids import BarGrid, PlainGrid, last_close
from tapeql.sql.statement import AT, FEED, GROUP, SEQ, Statement
from tapeql.sql.tape import stored
from tapeql.sql.terms import (
    BIGINT,
    DOUBLE,
    TEXT,
    Node,
    both,
    call,
    case,
    cast,
    coalesce,
    column,
    double,
    either,
    filtered,
    integer,
    join,
    least,
    named,
    null,
    op,
    order,
    over,
    select,
    table,
    text,
    union_all,
)

BAR = "bar"
MARKET: Final = "market"


def quote_means(
    statement: Statement,
    rows: str,
    closing: str,
    node: Bars,
    grid: BarGrid,
    measures: Sequence[str],
) -> str:
    """A relation (feed, bar, *measures) for the bars (feed, at, `closing`) of a relation; no row where no quote stood."""
    reads = []
    for feed in node.feeds:
        g = statement.group(feed)
        until = last_close(grid.grids[g], feed.start_us, feed.end_us)
        since = prevailing(feed, statement.snapshot, feed.start_us, opened_at(feed, feed.start_us))
        reads.append(Read(statement.number(feed), g, feed.symbol, since, until))
    markets = (MARKET,) if of_markets(statement, reads) else ()
    quotes = stored(statement, "standing_quotes", "quotes", "", reads, ("bid", "ask", *markets))
    pieces = _pieces(statement, "pieces", rows, closing, grid)
    events = statement.add("events", _events(quotes, pieces, markets))
    if markets:
        seen = _seen(statement, quotes, events)
        standing = statement.add("best_quotes", _best(_standing(statement, seen, (FEED, MARKET), ("kind", SEQ))))
    else:
        standing = _standing(statement, events, (FEED,), ())
    lives = statement.add("lives", _lives(standing))
    return statement.add("quote_means", _means(statement, lives, measures))


def opened_at(feed: Feed, us: int) -> int:
    """Since when the market is open at an instant; then where it is closed."""
    opened = calendars.openings(feed.calendar, us, us + 1)
    return int(opened[0]) if len(opened) else us


def _pieces(statement: Statement, name: str, rows: str, closing: str, grid: BarGrid) -> str:
    """The open-market pieces of bars: (feed, at, bar, until, opened)."""
    at, close = column(AT, rows), column(closing, rows)
    of = statement.symbol_of(rows)
    stop, now = grid.stop(), integer(statement.now_us)
    end = least(close, now) if stop is None else least(close, stop, now)  # time to come is not known
    if isinstance(grid, PlainGrid):
        return statement.add(name, select(_piece(rows, at, end, grid), table(rows)))
    is_open = op("<", grid.market_open(), integer(NEVER))
    parts = []
    if grid.steps != {0}:
        joins = grid.joins(statement, at, of.g, few=True)
        own = op("=", grid.opening(statement, at.copy()), at.copy())
        where = both(op("<", at.copy(), column("stop", "s")), own, is_open)
        parts.append(select(_piece(rows, at.copy(), end, grid), table(rows), joins=[*of.joins, *joins], where=where))
    if 0 in grid.steps or grid.carried:
        same = op("=", column("first_open", "s"), at.copy())
        if len(statement.calendars) > 1:
            same = both(op("=", column(GROUP, "s"), of.g.copy()), same)
        segment = join(table(grid.relation, "s"), same)
        begun = op(">", column("start", "s"), column("first_open", "s"))
        if grid.steps == {0}:
            where = is_open.copy()
        elif 0 in grid.steps:
            where = both(either(op("=", column("step", "s"), integer(0)), begun), is_open.copy())
        else:
            where = both(begun, is_open.copy())
        values = _piece(rows, column("start", "s"), end.copy(), grid)
        again = [j.copy() for j in of.joins]
        parts.append(select(values, table(rows), joins=[*again, segment], where=where))
    return statement.add(name, union_all(parts))


def _piece(rows: str, start: Node, end: Node, grid: BarGrid) -> list[Node]:
    return [
        column(FEED, rows),
        named(start, AT),
        named(column(AT, rows), BAR),
        named(end, "until"),
        named(grid.market_open(), "opened"),
    ]


def _events(quotes: str, pieces: str, markets: Sequence[str]) -> exp.Query:
    nothing = {name: null(BIGINT) for name in (BAR, "until", "opened")}
    from_quotes = [
        *(column(c) for c in (FEED, AT, SEQ)),
        named(integer(1), "kind"),
        named(column(AT), "since"),
        column("bid"),
        column("ask"),
        *(named(coalesce(column(name), text("")), name) for name in markets),
        *(named(node, name) for name, node in nothing.items()),
    ]
    from_pieces = [
        *(column(c) for c in (FEED, AT)),
        named(cast(integer(0), BIGINT), SEQ),
        named(integer(0), "kind"),
        named(null(BIGINT), "since"),
        named(null(DOUBLE), "bid"),
        named(null(DOUBLE), "ask"),
        *(named(null(TEXT), name) for name in markets),
        *(column(c) for c in (BAR, "until", "opened")),
    ]
    return union_all([select(from_quotes, table(quotes)), select(from_pieces, table(pieces))])


def of_markets(statement: Statement, reads: Sequence[Read]) -> bool:
    """Whether any quote names its market."""
    return any(
        batch.column(0).null_count < batch.num_rows
        for read in reads
        for batch in statement.snapshot.scan(
            "quotes", read.symbol.venue, read.symbol.code, read.start_us, min(read.end_us, statement.now_us), (MARKET,)
        )
    )


def _seen(statement: Statement, quotes: str, events: str) -> str:
    """Each event once for each market that has quotes: a market's own say what it quotes, a quote without one ends them."""
    names = [column(FEED), named(coalesce(column(MARKET), text("")), MARKET)]
    markets = statement.add("markets", select(names, table(quotes), distinct=True))
    its, whose = column(MARKET, events), column(MARKET, markets)
    own = op("=", its, whose)
    whole = op("!=", op("=", its.copy(), text("")), op("=", whose.copy(), text("")))
    values: list[Node] = [column(c, events) for c in (FEED, AT, SEQ, "kind", BAR, "until", "opened")]
    values += [column(MARKET, markets)]
    values += [named(case((either(own.copy(), whole), column("since", events))), "since")]
    values += [named(case((own.copy(), column(c, events))), c) for c in ("bid", "ask")]
    same = join(table(markets), op("=", column(FEED, markets), column(FEED, events)))
    return statement.add("seen", select(values, table(events), joins=[same]))


def _best(standing: str) -> exp.Query:
    """The best bid and ask of the markets that stand from each event on."""
    stands = op(">=", column("since"), column("opened"))
    best = [
        filtered(call(pick, column(side)), both(stands.copy(), op("!=", column(side), double(0))))
        for pick, side in (("max", "bid"), ("min", "ask"))
    ]
    event: list[Node] = [column(c) for c in (FEED, AT, "kind", SEQ, "next", BAR, "until", "opened")]
    values = [*event, named(column("opened"), "since"), named(best[0], "bid"), named(best[1], "ask")]
    return select(values, table(standing), group=[node.copy() for node in event])


def _standing(statement: Statement, events: str, whose: Sequence[str], kept: Sequence[str]) -> str:
    """Each event with its piece and with the quote that stands from it on, numbered and then carried forward."""
    feed: list[Node] = [column(name) for name in whose]
    by_time = order(*(column(c) for c in (AT, "kind", SEQ)))
    numbered = statement.add(
        "numbered_events",
        select(
            [
                exp.Star(),
                named(over(call("count", column("since")), feed, by_time, "ROWS"), "quote_number"),
                named(over(call("count", column(BAR)), feed, by_time, "ROWS"), "piece_number"),
                named(over(call("lead", column(AT)), feed, by_time), "next"),
            ],
            table(events),
        ),
    )
    quote = [*feed, column("quote_number")]
    piece = [*feed, column("piece_number")]
    carried = [(c, quote) for c in ("since", "bid", "ask")] + [(c, piece) for c in (BAR, "until", "opened")]
    values = [named(over(call("max", column(c)), partition), c) for c, partition in carried]
    return statement.add(
        "standing_events", select([*feed, *(column(c) for c in (AT, *kept, "next")), *values], table(numbered))
    )


def _lives(standing: str) -> exp.Query:
    """How long each valid quote stood in each piece. A side that is 0 or NULL is no quote, nor are crossed ones."""
    end = least(coalesce(column("next"), column("until")), column("until"))
    where = both(
        op("<", column(AT), end),
        op(">=", column("since"), column("opened")),
        op("!=", column("bid"), double(0)),
        op("!=", column("ask"), double(0)),
        op("<=", column("bid"), column("ask")),
    )
    lasted = named(cast(op("-", end.copy(), column(AT)), DOUBLE), "us")
    return select([*(column(c) for c in (FEED, BAR, "bid", "ask")), lasted], table(standing), where=where)


def _means(statement: Statement, lives: str, measures: Sequence[str]) -> exp.Query:
    values: Mapping[str, Node] = {
        "bid": column("bid"),
        "ask": column("ask"),
        "spread": op("-", column("ask"), column("bid")),
        "mid": op("/", op("+", column("bid"), column("ask")), double(2)),
        "spread_pct": op(
            "/",
            op("*", double(100), op("-", column("ask"), column("bid"))),
            op("/", op("+", column("bid"), column("ask")), double(2)),
        ),
    }
    total = statement.dialect.sum

    def mean(name: str) -> Node:
        value: Node = op("*", values[name], column("us"))
        if name != "spread_pct":
            return op("/", total(value), total(column("us")))
        positive = op(">", op("+", column("bid"), column("ask")), double(0))  # below 0 there is no percentage
        weights = filtered(total(column("us")), positive)
        return case((op(">", weights, double(0)), op("/", filtered(total(value), positive.copy()), weights.copy())))

    means = [named(mean(name), name) for name in measures]
    return select([column(FEED), column(BAR), *means], table(lives), group=[column(FEED), column(BAR)])
