"""TapeQL, the query language for market data: from a sentence to columns.

    text ──parse──▶ Syntax ──resolve──▶ Query ──plan──▶ Plan ──lower──▶ SQL ──run──▶ Arrow batches ──serve──▶ doors

    >>> import tapeql
    >>> db = tapeql.connect("tape")                      # doctest: +SKIP
    >>> db.query("CANDLES 1h FROM binance:BTCUSDT")      # doctest: +SKIP

Names are loaded when first used, so `import tapeql` itself costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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
    from tapeql.serve.connect import Database, connect

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
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'tapeql' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
