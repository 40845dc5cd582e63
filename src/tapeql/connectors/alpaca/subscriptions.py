"""Alpaca's stream: its address, logging in, and the messages that ask for trades and quotes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from tapeql.connectors.events import Kind
from tapeql.errors import DataError

FEEDS: Final = ("iex", "sip", "delayed_sip")
"""iex: one exchange, free. sip: all exchanges, paid. delayed_sip: all, a quarter of an hour late."""

CHANNELS: Final[Mapping[Kind, str]] = {"trades": "trades", "quotes": "quotes"}
"""Corrections and cancels of trades come with their trades."""

MESSAGE_SYMBOLS: Final = 500


def feed_of(options: Mapping[str, str]) -> str:
    """The option `feed`. Raises DataError naming those there are."""
    feed = options.get("feed", FEEDS[0]).strip().lower()
    if feed not in FEEDS:
        raise DataError(f"Alpaca has no feed {feed!r}; TAPEQL_ALPACA_FEED may be {', '.join(FEEDS)}")
    return feed


def login(key: str, secret: str) -> str:
    return json.dumps({"action": "auth", "key": key, "secret": secret})


def messages(action: str, kind: Kind, symbols: Sequence[str]) -> list[str]:
    """`subscribe` or `unsubscribe`."""
    runs = [symbols[i : i + MESSAGE_SYMBOLS] for i in range(0, len(symbols), MESSAGE_SYMBOLS)]
    return [json.dumps({"action": action, CHANNELS[kind]: list(run)}) for run in runs]
