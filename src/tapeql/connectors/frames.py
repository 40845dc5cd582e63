"""What a frame holds when it is not the one message it should be: several documents, or none that can be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from tapeql.connectors.events import Candle, Event, Level, Refused

UNREADABLE: Final = (ValueError, TypeError, ArithmeticError, RecursionError)
"""What reading bytes nobody vouches for may raise; msgspec's errors are ValueErrors."""

LAST_ID: Final = 2**63 - 1
"""Stores keep ids in 64 bits."""

MOST_WORDS: Final = 200
"""Of a venue's own text we repeat no more characters than this."""

_MOST: Final = 1e300
_SHOWN_BYTES: Final = 80
_CODE_CHARACTERS: Final = 64


def documents(frame: bytes, number: Callable[[str], Any] = float) -> Iterator[Any]:
    """The JSON documents of a frame one by one: a single one, the items of an array, or several written in a row.

    `number` reads what is no integer: Decimal keeps the digits.
    Raises one of UNREADABLE where the rest cannot be read; what came before it was good.
    """
    try:
        whole = msgspec.json.Decoder(float_hook=number).decode(frame)
    except msgspec.DecodeError:
        text, at = frame.decode().lstrip(), 0
        reader = json.JSONDecoder(parse_float=number)
        while at < len(text):
            found, at = reader.raw_decode(text, at)
            yield from found if isinstance(found, list) else (found,)
            while at < len(text) and text[at] in " \t\r\n,":
                at += 1
        return
    yield from whole if isinstance(whole, list) else (whole,)


def one_by_one(
    frame: bytes, events_of: Callable[[Any], list[Event]], number: Callable[[str], Any] = float
) -> list[Event]:
    """The events of each document, whether or not arrays hold them; what cannot be read ends it, as an event too."""
    events: list[Event] = []
    try:
        for document in documents(frame, number):
            for each in document if isinstance(document, list) else (document,):
                events += events_of(each)
    except UNREADABLE as error:
        events.append(Refused("malformed", f"{type(error).__name__}: {shown(frame)}"))
    return events or [Refused("malformed", "an empty frame")]


def shown(frame: bytes) -> str:
    """The beginning of a frame for a log, in printable characters."""
    return ascii(frame[:_SHOWN_BYTES].decode("latin-1"))[1:-1] + ("…" if len(frame) > _SHOWN_BYTES else "")


def printable(words: str) -> str:
    """A venue's words for a log, in printable characters."""
    return "".join(c if c.isprintable() else "?" for c in words[:MOST_WORDS])


def plain(words: str) -> str:
    """A venue's words for a log, in ASCII."""
    return ascii(words[:MOST_WORDS])[1:-1]


def is_code(symbol: object) -> bool:
    """Whether this may be a symbol's code: some printable text, which every store can hold."""
    return isinstance(symbol, str) and 0 < len(symbol) <= _CODE_CHARACTERS and symbol.isprintable()


def sound(levels: list[Level]) -> bool:
    """Whether all prices and sizes are finite and none is negative."""
    total = 0.0
    for price, size in levels:
        if price < 0 or size < 0:
            return False
        total += price + size
    return total - total == 0.0


def sound_candle(candle: Candle) -> Candle:
    """The candle, where its figures can be those of one. Raises ValueError."""
    prices = (candle.open, candle.high, candle.low, candle.close)
    possible = (
        all(0.0 < price < _MOST for price in prices)
        and candle.low <= candle.high
        and all(0.0 <= figure < _MOST for figure in (candle.volume, candle.vwap or 0.0))
        and 0 <= (candle.trades or 0) <= LAST_ID
    )
    if not possible:
        raise ValueError("a candle that cannot be")
    return candle
