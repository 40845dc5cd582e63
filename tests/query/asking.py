"""Asking resolve the way a session does: a text in, a query or its diagnostics out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tapeql.errors import Diagnostic, QueryError
from tapeql.language.parse import parse
from tapeql.language.statements.query import Pipe, Query
from tapeql.query.nodes import Expr
from tapeql.query.settings import Settings
from tapeql.query.text import expr_text
from tapeql.words.resolve import resolve
from tests.understood import Understood

STORED = (
    ("binance", "BTCUSDT"),
    ("binance", "ETHUSDT"),
    ("binance", "SOLBTC"),
    ("binance", "TWICE"),
    ("kraken", "BTC/USD"),
    ("kraken", "TWICE"),
    ("lse", "VOD"),
    ("nasdaq", "AAPL"),
    ("nyse", "XXX"),
)


class Stored:
    """A catalogue of a few symbols."""

    def __init__(self, *symbols: tuple[str, str]) -> None:
        self._symbols = sorted(symbols or STORED)

    def symbols(self) -> list[tuple[str, str]]:
        return self._symbols


def us(text: str) -> int:
    """An ISO instant in UTC as microseconds."""
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


DEFAULTS = Settings()
NOW = us("2025-03-12T15:00")  # a Wednesday, New York is at 11:00


def ask(text: str, settings: Settings = DEFAULTS, now: int = NOW, **params: object) -> Understood:
    statement = parse(text).statements[-1]
    assert isinstance(statement, Query | Pipe)
    return Understood(resolve(statement, Stored(), settings, params, now, text))


def refused(text: str, settings: Settings = DEFAULTS, **params: object) -> tuple[Diagnostic, ...]:
    try:
        ask(text, settings, **params)
    except QueryError as error:
        return error.diagnostics
    return ()


def wrong(text: str, settings: Settings = DEFAULTS, **params: object) -> list[tuple[str, str]]:
    """The code of each error and the words it points at."""
    return [(d.code, text[d.span.start : d.span.end]) for d in refused(text, settings, **params)]


def noted(text: str, settings: Settings = DEFAULTS, **params: object) -> list[str]:
    return [d.code for d in ask(text, settings, **params).notes]


def where(condition: str, verb: str = "CANDLES 1h", symbol: str = "nasdaq:AAPL", **params: object) -> str:
    """A condition as it was understood."""
    found = ask(f"{verb} FROM {symbol} WHERE {condition}", **params).where
    assert found is not None
    return expr_text(found)


def bad(
    condition: str, verb: str = "CANDLES 1h", symbol: str = "nasdaq:AAPL", **params: object
) -> list[tuple[str, str]]:
    return wrong(f"{verb} FROM {symbol} WHERE {condition}", **params)


def names(text: str, **params: object) -> list[str]:
    return [column.name for column in ask(text, **params).columns]


def column(text: str, name: str, **params: object) -> Expr:
    return next(column.expr for column in ask(text, **params).columns if column.name == name)
