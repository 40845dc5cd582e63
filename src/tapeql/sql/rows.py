"""Trades and quotes as they are stored, with their session labels."""

from __future__ import annotations

from collections.abc import Mapping

from tapeql.query.columns import QUOTE, TICK
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Quotes, Ticks
from tapeql.sql.bars import DATE
from tapeql.sql.dialects.dialect import Read
from tapeql.sql.expressions import Field, Rowwise
from tapeql.sql.grids import label_grid, sessions
from tapeql.sql.statement import AT, GROUP, SEQ, Statement, Stream
from tapeql.sql.tape import stored
from tapeql.sql.terms import Node, both, case, column, double, named, op, select, star, table


def ticks(statement: Statement, node: Ticks) -> Stream:
    return _passing(statement, node, "passing_trades", _rows(statement, node, "ticks", TICK))


def quotes(statement: Statement, node: Quotes) -> Stream:
    return _passing(statement, node, "passing_quotes", _rows(statement, node, "quotes", QUOTE))


def _passing(statement: Statement, node: Ticks | Quotes, name: str, stream: Stream) -> Stream:
    if node.where is None:
        return stream
    condition = Rowwise(statement.dialect, stream.columns).truth(node.where)
    relation = statement.add(name, select([star()], table(stream.relation), where=condition))
    return Stream(relation, stream.columns, stream.keys)


def _rows(statement: Statement, node: Ticks | Quotes, stored_table: str, types: Mapping[str, Type]) -> Stream:
    own = ("bid", "bid_size", "ask", "ask_size", "market")
    if stored_table == "ticks":
        own = ("price", "quantity", "side", "trade_id", "conditions", "market")  # type: ignore[assignment]
    reads = [
        Read(statement.number(feed), statement.group(feed), feed.symbol, feed.start_us, feed.end_us)
        for feed in node.feeds
    ]
    name = "trades" if stored_table == "ticks" else "quotes"
    rows = stored(statement, f"stored_{name}", stored_table, "", reads, own)
    grid = label_grid(statement, "grid", node)
    at = column(AT, rows)
    joins = grid.joins(statement, at, column(GROUP, rows), side="" if node.sessions else "LEFT")
    inside = grid.inside(at.copy(), min(f.start_us for f in node.feeds), max(f.end_us for f in node.feeds))
    date = grid.date(statement, at.copy())
    date = case((inside.copy(), date)) if inside is not None else date
    dated = statement.add(
        f"dated_{name}",
        select([star(rows), named(date, DATE)], table(rows), joins=joins, where=inside if node.sessions else None),
    )
    low, high = min(f.start_us for f in node.feeds), max(f.end_us for f in node.feeds)
    spans = sessions(statement, "sessions", node, low, high)
    labelled = _with_sessions(statement, f"labelled_{name}", dated, spans)
    of = statement.symbol_of(labelled)
    more: dict[str, Node] = {"symbol": of.symbol, "exchange": of.exchange}
    if stored_table == "quotes":
        more |= spread(labelled)
    values = [star(labelled), *(named(node, c) for c, node in more.items())]
    relation = statement.add(name, select(values, table(labelled), joins=of.joins))
    fields = {c: Field(AT if c == "ts" else c, type) for c, type in types.items()}
    return Stream(relation, fields, (AT, SEQ))


def _with_sessions(statement: Statement, name: str, rows: str, spans: str) -> str:
    """Rows with the named session that holds their instant."""
    at = column(AT, rows)
    joins = statement.containing(at, column(GROUP, rows), spans, "span", side="LEFT")
    session = case((op("<", at.copy(), column("stop", "span")), column("name", "span")))
    return statement.add(name, select([star(rows), named(session, "session")], table(rows), joins=joins))


def spread(rows: str) -> dict[str, Node]:
    """What each quote says by itself: NULL unless both of its sides are there; crossed ones are shown."""
    bid, ask = column("bid", rows), column("ask", rows)
    there = both(op("!=", bid, double(0)), op("!=", ask, double(0)))
    spread = op("-", ask.copy(), bid.copy())
    mid = op("/", op("+", bid.copy(), ask.copy()), double(2))
    percent = op("/", op("*", double(100), spread.copy()), mid.copy())
    positive = both(there.copy(), op(">", op("+", bid.copy(), ask.copy()), double(0)))  # else there is no percentage
    told = (("spread", there, spread), ("mid", there.copy(), mid), ("spread_pct", positive, percent))
    return {c: case((condition, value)) for c, condition, value in told}
