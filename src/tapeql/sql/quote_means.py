"""Time-weighted means of quotes over bars.

    quotes ∪ pieces of bars, in order of time ─▶ what stands from each event to the next, and in which piece
                                               ─▶ Σ value · time / Σ time of valid quotes, bar by bar

A piece begins with an event of its own, so the quote that prevails then counts from there and no life straddles an edge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlglot import exp

from tapeql.calendars.grid import NEVER
from tapeql.rows.nodes import Bars
from tapeql.sql.dialects.dialect import Read
from tapeql.sql.grids import BarGrid, PlainGrid, last_close
from tapeql.sql.statement import AT, FEED, GROUP, SEQ, Statement
from tapeql.sql.tape import stored
from tapeql.sql.terms import (
    BIGINT,
    DOUBLE,
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
    union_all,
)

BAR = "bar"
EARLIEST: Final = -(2**53)
"""Before every quote, and an instant engines can still write down."""


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
        reads.append(Read(statement.number(feed), g, feed.symbol, feed.quotes_from_us or EARLIEST, until))
    quotes = stored(statement, "standing_quotes", "quotes", "", reads, ("bid", "ask"))
    pieces = _pieces(statement, "pieces", rows, closing, grid)
    events = statement.add("events", _events(quotes, pieces))
    standing = _standing(statement, events)
    lives = statement.add("lives", _lives(standing))
    return statement.add("quote_means", _means(statement, lives, measures))


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


def _events(quotes: str, pieces: str) -> exp.Query:
    nothing = {name: null(BIGINT) for name in (BAR, "until", "opened")}
    from_quotes = [
        *(column(c) for c in (FEED, AT, SEQ)),
        named(integer(1), "kind"),
        named(column(AT), "since"),
        column("bid"),
        column("ask"),
        *(named(node, name) for name, node in nothing.items()),
    ]
    from_pieces = [
        *(column(c) for c in (FEED, AT)),
        named(cast(integer(0), BIGINT), SEQ),
        named(integer(0), "kind"),
        named(null(BIGINT), "since"),
        named(null(DOUBLE), "bid"),
        named(null(DOUBLE), "ask"),
        *(column(c) for c in (BAR, "until", "opened")),
    ]
    return union_all([select(from_quotes, table(quotes)), select(from_pieces, table(pieces))])


def _standing(statement: Statement, events: str) -> str:
    """Each event with its piece and with the quote that stands from it on, numbered and then carried forward."""
    feed: list[Node] = [column(FEED)]
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
    quote = [column(FEED), column("quote_number")]
    piece = [column(FEED), column("piece_number")]
    carried = [(c, quote) for c in ("since", "bid", "ask")] + [(c, piece) for c in (BAR, "until", "opened")]
    values = [named(over(call("max", column(c)), partition), c) for c, partition in carried]
    return statement.add(
        "standing_events", select([column(FEED), column(AT), column("next"), *values], table(numbered))
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
