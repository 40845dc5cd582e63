"""What a frame holds when it is not the one message it should be: several documents, or none that can be read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec

from tapeql.connectors.events import Level

UNREADABLE: Final = (ValueError, TypeError, OverflowError, RecursionError)
"""What reading bytes nobody vouches for may raise; msgspec's errors are ValueErrors."""

_SHOWN_BYTES: Final = 80


def documents(frame: bytes, number: Callable[[str], Any] = float) -> Iterator[Any]:
    """The JSON documents of a frame one by one: a single one, the items of an array, or several written in a row.

    `number` reads what is no integer: Decimal keeps the digits.
    Raises one of UNREADABLE where the rest cannot be read; what came before it was good.
    """
    try:
        whole = msgspec.json.Decoder(float_hook=number).decode(frame)
    except msgspec.DecodeError:
        text, at = frame.decode(), 0
        reader = json.JSONDecoder(parse_float=number)
        while at < len(text):
            found, at = reader.raw_decode(text, at)
            yield from found if isinstance(found, list) else (found,)
            while at < len(text) and text[at] in " \t\r\n,":
                at += 1
        return
    yield from whole if isinstance(whole, list) else (whole,)


def shown(frame: bytes) -> str:
    """The beginning of a frame for a log, in printable characters."""
    return ascii(frame[:_SHOWN_BYTES].decode("latin-1"))[1:-1] + ("…" if len(frame) > _SHOWN_BYTES else "")


def sound(levels: list[Level]) -> bool:
    """Whether all prices and sizes are finite and no size is negative."""
    total = 0.0
    for price, size in levels:
        if size < 0:
            return False
        total += price + size
    return total - total == 0.0
