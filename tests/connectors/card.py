"""A venue's conformance as a declaration: what its frames hold, and what its REST replies say."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tapeql.connectors.events import Event, Refused

Frame = tuple[int, bytes]
"""(recv_ns, what the socket gave)"""

DEFAULT_RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True, slots=True)
class Reply:
    """A REST body, `read` by the venue's pure decoding into `expected`. Of bytes it cannot use, `read` raises ValueError.

    `read` may well sum up what it got: `lambda body: (len(decode_book(body).bids), …)`.
    """

    name: str
    body: bytes | Callable[[Path], bytes]
    read: Callable[[bytes], object]
    expected: object

    def bytes_in(self, recordings: Path) -> bytes:
        return self.body if isinstance(self.body, bytes) else self.body(recordings)


@dataclass(frozen=True, slots=True)
class Card:
    """One sample of a venue.

    venue     its name in `tapeql.connectors.venues()`
    sample    what the frames are, in a word: a venue may have several cards
    code      a symbol the venue knows, in its own spelling
    decode    (frame, recv_ns) → events: pure. Where the wire is not bytes, or decoding needs a table (digits,
              products), the card wraps it: objects as JSON, the table fixed
    frames    frames in the order of receipt, given the folder of recorded data
    counts    how many events of each type the frames hold: {"Trade": 9757, "Refused:unknown": 1}; nothing else comes out
    recorded  whether `frames` and replies read that folder; samples written as text are there without it
    whole     the trades of a symbol follow each other without a gap (venues with contiguous ids only)
    replies   REST bodies and what they mean
    """

    venue: str
    sample: str
    code: str
    decode: Callable[[bytes, int], list[Event]]
    frames: Callable[[Path], Iterable[Frame]]
    counts: Mapping[str, int]
    recorded: bool = True
    whole: bool = True
    replies: tuple[Reply, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.venue}-{self.sample}"


def kind_of(event: Event) -> str:
    """How `Card.counts` calls an event: `Trade`, `Refused:value`, …"""
    name = type(event).__name__
    return f"{name}:{event.kind}" if isinstance(event, Refused) else name


def cards() -> list[Card]:
    """Every card: `CARD` or `CARDS` of tests/connectors/<venue>/card.py, by venue and sample."""
    found: list[Card] = []
    here = Path(__file__).parent
    for room in pkgutil.iter_modules([str(here)]):
        if room.ispkg and (here / room.name / "card.py").is_file():
            module = importlib.import_module(f"{__package__}.{room.name}.card")
            found += module.CARDS if hasattr(module, "CARDS") else (module.CARD,)
    return sorted(found, key=str)


def recordings_folder() -> Path:
    """Where the recorded data is, as the fixture `shared_data` finds it."""
    return Path(os.environ.get("TAPEQL_SHARED_DATA") or DEFAULT_RECORDINGS)


def numbered(lines: Iterable[bytes]) -> Iterator[Frame]:
    """Frames without a time of receipt: one second apart, from 2024 on."""
    for n, line in enumerate(lines):
        yield (1_704_067_200 + n) * 1_000_000_000, line
