"""Channels of Coinbase Exchange and the messages that ask for them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from tapeql.connectors.events import Kind

BOOK: Final = "level2"
"""Every change, for those who log in."""

BOOK_BATCH: Final = "level2_batch"
"""The changes of 50 ms together, for everybody."""

HEARTBEAT: Final = "heartbeat"
"""Every second for each product: the id of its last trade, however quiet it is."""

CHANNELS: Final[Mapping[Kind, str]] = {"trades": "matches", "quotes": "ticker", "book": BOOK_BATCH}

KINDS_OF: Final[Mapping[str, Kind]] = {
    "matches": "trades",
    "ticker": "quotes",
    BOOK: "book",
    BOOK_BATCH: "book",
    "level2_50": "book",
}
"""By the names in which subscriptions are confirmed; the batches are known by their 50 ms too."""


def message(method: str, channels: Mapping[str, Sequence[str]], proof: Mapping[str, str]) -> str:
    """ "subscribe" or "unsubscribe"; `channels` are symbols by name; `proof` is who asks."""
    named = [{"name": name, "product_ids": list(symbols)} for name, symbols in channels.items()]
    return json.dumps({"type": method, "channels": named, **proof})
