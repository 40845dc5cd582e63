"""Channels of Advanced Trade, the messages that ask for them, and the names its products answer by."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from tapeql.connectors.events import BookDelta, BookSnapshot, Event, Kind, Quote, Refused, Reset, Subscribed, Trade

CHANNELS: Final[Mapping[Kind, str]] = {"trades": "market_trades", "quotes": "ticker", "book": "level2"}

KINDS_OF: Final[Mapping[str, Kind]] = {channel: kind for kind, channel in CHANNELS.items()} | {"l2_data": "book"}
"""level2 answers as l2_data."""

OWN: Final = frozenset({"USDT-USDC", "EURC-USDC"})
"""Markets of their own, which trade beside USDT-USD and EURC-USD."""


def message(method: str, channel: str, symbols: Sequence[str] = (), token: Callable[[], str] | None = None) -> str:
    """ "subscribe" or "unsubscribe". `token` makes the JSON web token that vouches for this one message."""
    said: dict[str, object] = {"type": method, "channel": channel}
    if symbols:
        said["product_ids"] = list(symbols)
    if token is not None:
        said["jwt"] = token()
    return json.dumps(said)


def twin(symbol: str) -> str | None:
    """BTC-USD of BTC-USDC: the same market under two names."""
    return symbol[:-1] if symbol.endswith("-USDC") and symbol not in OWN else None


def as_asked(events: list[Event], wanted: Mapping[Kind, Collection[str]]) -> list[Event]:
    """Events by the names they were asked for: a -USDC product answers as its -USD twin, and as both where both are
    wanted. Source: docs.cdp.coinbase.com, "Advanced Trade WebSocket Endpoints"."""
    if not any(twin(symbol) for symbols in wanted.values() for symbol in symbols):
        return events
    named: list[Event] = []
    for event in events:
        match event:
            case Trade(symbol=symbol):
                named += [replace(event, symbol=each) for each in _asked(symbol, wanted["trades"])]
            case Quote(symbol=symbol):
                named += [replace(event, symbol=each) for each in _asked(symbol, wanted["quotes"])]
            case BookDelta(symbol=symbol) | BookSnapshot(symbol=symbol):
                named += [replace(event, symbol=each) for each in _asked(symbol, wanted["book"])]
            case Subscribed(kind=kind, symbols=symbols):
                named.append(Subscribed(kind, tuple(n for symbol in symbols for n in _asked(symbol, wanted[kind]))))
            case Reset(kind=kind, symbols=symbols) if kind is not None and symbols:
                again = tuple(n for symbol in symbols for n in _asked(symbol, wanted[kind]))
                named.append(replace(event, symbols=again))
            case Refused(symbol=str(symbol)):
                every = dict.fromkeys(name for symbols in wanted.values() for name in _asked(symbol, symbols))
                named += [replace(event, symbol=each) for each in every]
            case _:
                named.append(event)
    return named


def _asked(symbol: str, wanted: Collection[str]) -> list[str]:
    other = f"{symbol}C"
    names = (symbol, other) if twin(other) == symbol else (symbol,)
    found = [name for name in names if name in wanted]
    return found or [symbol]
