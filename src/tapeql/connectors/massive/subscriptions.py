"""Massive's channels and messages: `T.AAPL` are the trades of AAPL, `Q.AAPL` its quotes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from tapeql.connectors.events import Kind

CHANNELS: Final[Mapping[Kind, str]] = {"trades": "T", "quotes": "Q"}
KINDS_OF: Final = {channel: kind for kind, channel in CHANNELS.items()}

MESSAGE_SYMBOLS: Final = 500

SUBSCRIBED: Final = "subscribed to:"


def login(key: str) -> str:
    return json.dumps({"action": "auth", "params": key})


def messages(action: str, kind: Kind, symbols: Sequence[str]) -> list[str]:
    """`subscribe` or `unsubscribe`."""
    names = [f"{CHANNELS[kind]}.{symbol}" for symbol in symbols]
    runs = [names[i : i + MESSAGE_SYMBOLS] for i in range(0, len(names), MESSAGE_SYMBOLS)]
    return [json.dumps({"action": action, "params": ",".join(run)}) for run in runs]


def confirmed(message: str) -> list[tuple[Kind, str]]:
    """What `subscribed to: T.AAPL,Q.AAPL` names; nothing where it says something else."""
    if not message.startswith(SUBSCRIBED):
        return []
    found: list[tuple[Kind, str]] = []
    for name in message.removeprefix(SUBSCRIBED).split(","):
        channel, _, symbol = name.strip().partition(".")
        if channel in KINDS_OF and symbol and symbol.isprintable():
            found.append((KINDS_OF[channel], symbol))
    return found
