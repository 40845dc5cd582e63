"""Stream names of Binance and the messages that ask for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from tapeql.connectors.events import Kind
from tapeql.connectors.frames import UNREADABLE

STREAMS: Final[Mapping[Kind, str]] = {"trades": "trade", "quotes": "bookTicker", "book": "depth@100ms"}

URL_STREAMS: Final = 120
"""Streams asked for by the address itself; longer addresses are refused on the way."""

MESSAGE_STREAMS: Final = 200


def stream(kind: Kind, symbol: str) -> str:
    """`btcusdt@trade`: lower case, though payloads answer in upper case."""
    return f"{symbol.lower()}@{STREAMS[kind]}"


def path(streams: Sequence[str]) -> str:
    """What follows the base address: combined streams, some of which have names beyond ASCII."""
    asked = "/".join(quote(stream, safe="@") for stream in streams)
    return f"/stream?streams={asked}" if asked else "/stream"


def messages(method: str, streams: Sequence[str], first_number: int) -> list[str]:
    """SUBSCRIBE or UNSUBSCRIBE, numbered from first_number."""
    runs = [streams[i : i + MESSAGE_STREAMS] for i in range(0, len(streams), MESSAGE_STREAMS)]
    return [json.dumps({"method": method, "params": list(run), "id": first_number + n}) for n, run in enumerate(runs)]


def answered(frame: bytes) -> int | None:
    """The number of the request that `{"result": null, "id": 1}` or `{"error": {…}, "id": 1}` answers."""
    try:
        number = json.loads(frame).get("id")
    except (*UNREADABLE, AttributeError):
        return None
    return number if isinstance(number, int) else None
