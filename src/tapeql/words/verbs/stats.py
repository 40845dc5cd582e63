"""STATS OF QUOTES EVERY 10m: a row is a group of rows."""

from __future__ import annotations

from tapeql.errors import NOWHERE
from tapeql.language import syntax
from tapeql.language.clauses.select import Item
from tapeql.operators.where import passing
from tapeql.query.columns import BAR, QUOTE, TICK, RowKind
from tapeql.query.verb import Verb


def _of(function: str, *columns: str, name: str) -> Item:
    arguments = tuple(syntax.Argument(None, syntax.Name((column,), NOWHERE), NOWHERE) for column in columns)
    return Item(syntax.Call(function, arguments, NOWHERE, NOWHERE), name, NOWHERE)


def _stats(name: str, sees: RowKind, *usual: Item) -> Verb:
    return Verb(name, sees=sees, chooses=passing, shows=(), measures=usual)


VERBS = (
    _stats(
        "stats",
        BAR,
        _of("count", name="bars"),
        _of("sum", "volume", name="volume"),
        _of("min", "low", name="low"),
        _of("max", "high", name="high"),
        _of("avg", "close", name="avg_close"),
    ),
    _stats(
        "stats of ticks",
        TICK,
        _of("count", name="trades"),
        _of("sum", "quantity", name="volume"),
        _of("min", "price", name="low"),
        _of("max", "price", name="high"),
        _of("wavg", "price", "quantity", name="vwap"),
    ),
    _stats(
        "stats of quotes",
        QUOTE,
        _of("count", name="quotes"),
        _of("avg", "spread", name="avg_spread"),
        _of("avg", "spread_pct", name="avg_spread_pct"),
        _of("min", "bid", name="low_bid"),
        _of("max", "ask", name="high_ask"),
    ),
)
