"""What a journal frame is on the live bus: one message for each symbol it has events of, in their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tapeql.collect.recorder import decode, encode
from tapeql.connectors.events import Kept

PREFIX: Final = "tapeql:"


def stream_of(venue: str, symbol: str) -> str:
    return f"{PREFIX}{venue}:{symbol}"


def split(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """(stream, payload) pairs; the payloads are read by `recorder.decode`."""
    found: dict[str, list[Kept]] = {}
    for event in decode(payload):
        found.setdefault(stream_of(event.venue, event.symbol), []).append(event)
    for stream, events in found.items():
        yield stream, encode(events)
