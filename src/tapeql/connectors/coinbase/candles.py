"""Candles of both protocols: which stretches to ask for, and what a row must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from tapeql.connectors.events import Candle
from tapeql.connectors.frames import sound_candle
from tapeql.connectors.instants import second_us


class CandleRow(msgspec.Struct):
    """Of the stretch that opened at `start`, in seconds."""

    start: int
    low: float
    high: float
    open: float
    close: float
    volume: float


def candles_of(venue: str, symbol: str, interval: str, rows: Iterable[CandleRow]) -> list[Candle]:
    """Oldest first. Raises ValueError for what cannot be."""
    return [
        sound_candle(
            Candle(venue, symbol, interval, second_us(row.start), row.open, row.high, row.low, row.close, row.volume)
        )
        for row in sorted(rows, key=lambda row: row.start)
    ]


def windows(since_us: int, until_us: int | None, now_us: int, interval_s: int, most: int) -> Iterator[tuple[int, int]]:
    """(open of the first candle, open of the last one) in seconds, `most` candles apiece, oldest first: none unfinished.

    They open from since_us on, before until_us, and are over by now_us.
    """
    step_us = interval_s * 1_000_000
    first_s = -(-since_us // step_us) * interval_s
    behind_s = now_us // step_us * interval_s
    if until_us is not None:
        behind_s = min(behind_s, -(-until_us // step_us) * interval_s)
    for start_s in range(first_s, behind_s, most * interval_s):
        yield start_s, min(start_s + (most - 1) * interval_s, behind_s - interval_s)
