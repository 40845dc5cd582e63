"""TapeQL, the query language for market data: from a sentence to columns.

    text ──parse──▶ Syntax ──resolve──▶ Query ──plan──▶ Plan ──lower──▶ SQL ──run──▶ Arrow batches ──serve──▶ doors

    >>> import tapeql
    >>> db = tapeql.connect("tape")                      # doctest: +SKIP
    >>> db.query("CANDLES 1h FROM binance:BTCUSDT")      # doctest: +SKIP
    >>> tapeql.query("CANDLES 1h FROM $t", t=df)         # doctest: +SKIP

Names are loaded when first used, so `import tapeql` itself costs nothing.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tapeql import query as _room

if TYPE_CHECKING:
    from tapeql.errors import (
        Cancelled,
        ConnectionFailed,
        DataError,
        Diagnostic,
        LimitError,
        QueryError,
        StoreError,
        TapeQLError,
    )
    from tapeql.serve.connect import Database, connect, query

__version__ = "0.1.0"

_HOMES = {
    "connect": "tapeql.serve.connect",
    "Database": "tapeql.serve.connect",
    "Cancelled": "tapeql.errors",
    "ConnectionFailed": "tapeql.errors",
    "DataError": "tapeql.errors",
    "Diagnostic": "tapeql.errors",
    "LimitError": "tapeql.errors",
    "QueryError": "tapeql.errors",
    "StoreError": "tapeql.errors",
    "TapeQLError": "tapeql.errors",
}

__all__ = [
    "Cancelled",
    "ConnectionFailed",
    "DataError",
    "Database",
    "Diagnostic",
    "LimitError",
    "QueryError",
    "StoreError",
    "TapeQLError",
    "connect",
    "query",
]


class _Asked(ModuleType):
    """`tapeql.query` is a room of the house and, called, the question itself: a package can be both."""

    def __call__(self, text: str, /, **params: Any) -> Any:
        return importlib.import_module("tapeql.serve.connect").query(text, **params)


_room.__class__ = _Asked


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'tapeql' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
