"""`binance:BTCUSDT,ETHUSDT coinbase:BTC-USD`: what to collect, as it is written on a command line."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tapeql.connectors import venue_named
from tapeql.connectors.events import KINDS, Kind
from tapeql.connectors.settings import settings_of
from tapeql.connectors.venue import Settings
from tapeql.errors import DataError


@dataclass(frozen=True, slots=True)
class Watched:
    """What to collect of a venue."""

    settings: Settings
    symbols: tuple[str, ...]
    kinds: tuple[Kind, ...]


def watched(written: Sequence[str], kinds: Sequence[Kind], environ: Mapping[str, str] | None = None) -> list[Watched]:
    """One entry a venue, with the kinds it can stream, of which it needs one if any are asked for.

    Raises DataError for what cannot be collected.
    """
    by_venue: dict[str, dict[str, None]] = {}
    for each in written:
        venue, colon, codes = each.partition(":")
        symbols = codes.split(",")
        if not colon or not venue or not all(symbols):
            raise DataError(f"`{each}` is not VENUE:CODE,CODE…, for example binance:BTCUSDT,ETHUSDT")
        by_venue.setdefault(venue, {}).update(dict.fromkeys(symbols))
    found = []
    for name, symbols_of_venue in by_venue.items():
        known = venue_named(name)
        able = tuple(kind for kind in KINDS if kind in kinds and kind in known.kinds)
        if kinds and not able:
            streams = f"it streams {' and '.join(known.kinds)}" if known.kinds else "it streams nothing"
            raise DataError(f"{known.title} streams no {' and no '.join(kinds)}; {streams}")
        settings = settings_of(known, environ)
        # Connects to nothing: what a connector cannot be made of is told before anything begins.
        known.connector(settings, time.time_ns)
        found.append(Watched(settings, tuple(symbols_of_venue), able))
    return found
