"""The messages that ask Kraken for channels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final, Literal

from tapeql.connectors.events import Kind
from tapeql.connectors.kraken.decode import CHANNELS

MESSAGE_SYMBOLS: Final = 100
DEPTHS: Final = (10, 25, 100, 500, 1000)


def messages(method: Literal["subscribe", "unsubscribe"], kind: Kind, symbols: Sequence[str], depth: int) -> list[str]:
    """`depth` is of books alone. Kraken answers for each symbol by itself."""
    return [
        json.dumps({"method": method, "params": _params(kind, symbols[n : n + MESSAGE_SYMBOLS], depth)})
        for n in range(0, len(symbols), MESSAGE_SYMBOLS)
    ]


def _params(kind: Kind, symbols: Sequence[str], depth: int) -> dict[str, Any]:
    params: dict[str, Any] = {"channel": CHANNELS[kind], "symbol": list(symbols)}
    if kind == "quotes":
        # Unless told otherwise a ticker comes with trades only.
        params["event_trigger"] = "bbo"
    if kind == "book":
        params["depth"] = depth
    return params
