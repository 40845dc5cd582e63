"""Prevailing quotes as SQL, where the engine has as-of joins.

    quotes ─▶ the last of equal instants ─▶ joined to trades by (trade's instant - lag) ─▶ NULL where it does not stand there

Where markets are named the best of them is not told so: the kernels go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tapeql.calendars import is_continuous
from tapeql.kernels.quotes import prevailing
from tapeql.operators.as_of import SIDES, AsOf
from tapeql.operators.operator import Plan
from tapeql.rows.nodes import Feed
from tapeql.sql.dialects import Unsayable
from tapeql.sql.dialects.dialect import Read
from tapeql.sql.grids import market_hours
from tapeql.sql.quote_means import of_markets, opened_at
from tapeql.sql.rows import spread
from tapeql.sql.state import State
from tapeql.sql.statement import AT, FEED, SEQ, Statement, Stream
from tapeql.sql.tape import stored
from tapeql.sql.terms import (
    Node,
    both,
    call,
    case,
    column,
    double,
    either,
    integer,
    is_null,
    join,
    named,
    op,
    order,
    over,
    select,
    star,
    table,
)


def lower(step: AsOf, state: State, statement: Statement, plan: Plan) -> State:
    if not statement.dialect.joins_as_of:
        raise Unsayable("as-of joins")
    stream = state.stream
    quotes = _quotes(step, statement, plan.rows.feeds)
    rows, conditions = stream.relation, list[Node]()
    at = column(AT, rows)
    if not all(is_continuous(feed.calendar) for feed in plan.rows.feeds):
        rows = _in_markets(step, statement, stream, plan.rows.feeds)
        at = column(AT, rows)
        conditions.append(op(">=", column("begun", quotes), column("opened", rows)))
    if step.tolerance_us is not None:
        conditions.append(op("<=", op("-", at.copy(), column("begun", quotes)), integer(step.tolerance_us)))
    fields = stream.fields({told.key: told.type for told in step.told})
    values: list[Node] = [star(rows)]
    for told in step.told:
        value: Node = column(told.name, quotes)
        stands = [condition.copy() for condition in conditions]
        values.append(named(case((both(*stands), value)) if stands else value, fields[told.key].name))
    on = both(
        op("=", column(FEED, rows), column(FEED, quotes)), op(">=", _earlier(step, at.copy()), column("begun", quotes))
    )
    joined = join(table(quotes), on, side="LEFT", method="ASOF")
    relation = statement.add("quoted", select(values, table(rows), joins=[joined]))
    return replace(state, stream=Stream(relation, {**stream.columns, **fields}, stream.keys))


def _earlier(step: AsOf, at: Node) -> Node:
    return op("-", at, integer(step.lag_us)) if step.lag_us else at


def _quotes(step: AsOf, statement: Statement, feeds: tuple[Feed, ...]) -> str:
    """A relation (feed, begun, what is told of each quote): of equal instants the last."""
    reads = []
    for feed in feeds:
        first = feed.start_us - step.lag_us
        since = prevailing(feed, statement.snapshot, first, opened_at(feed, first))
        reads.append(Read(statement.number(feed), statement.group(feed), feed.symbol, since, feed.end_us - step.lag_us))
    if of_markets(statement, reads):
        raise Unsayable("the best of several markets")
    names = sorted({name for told in step.told for name in SIDES.get(told.name, ("bid", "ask"))})
    rows = stored(statement, "quotes_read", "quotes", "", reads, names)
    said = _said(rows)
    following = over(call("lead", column(AT)), [column(FEED)], order(column(AT), column(SEQ)))
    values: list[Node] = [column(FEED), named(column(AT), "begun"), named(following, "next")]
    values += [named(said[told.name], told.name) for told in step.told]
    followed = statement.add("quotes_followed", select(values, table(rows)))
    last = either(is_null(column("next")), op(">", column("next"), column("begun")))
    return statement.add("last_quotes", select([star()], table(followed), where=last))


def _said(rows: str) -> Mapping[str, Node]:
    """What each quote says by itself; a side that is 0 or NULL is no quote, and has no size."""
    there = {side: op("!=", column(side, rows), double(0)) for side in ("bid", "ask")}
    sides = {name: case((there[side].copy(), column(name, rows))) for side in there for name in (side, f"{side}_size")}
    return sides | spread(rows) | {"quote_ts": case((either(there["bid"], there["ask"]), column(AT, rows)))}


def _in_markets(step: AsOf, statement: Statement, stream: Stream, feeds: tuple[Feed, ...]) -> str:
    """Rows with when the market `opened` that was open where their quote is looked for; NULL in a closed one."""
    rows = stream.relation
    hours = market_hours(statement, "market_hours", feeds, step.lag_us)
    of = statement.symbol_of(rows)
    at = _earlier(step, column(AT, rows))
    joins = statement.containing(at, of.g, hours, "market", side="LEFT")
    inside = op("<", at.copy(), column("stop", "market"))
    values = [star(rows), named(case((inside, column("opened", "market"))), "opened")]
    return statement.add("in_markets", select(values, table(rows), joins=[*of.joins, *joins]))
