"""Candles drawn in the terminal: a wick and a body for each bar, prices at the left, times below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa

GREEN: Final = "\x1b[32m"
RED: Final = "\x1b[31m"
PLAIN: Final = "\x1b[0m"

WICK: Final = "│"
RISING: Final = "░"
FALLING: Final = "█"
FLAT: Final = "─"

Row = Callable[[float], int]


@dataclass(frozen=True, slots=True)
class Candle:
    ts: datetime
    open: float
    high: float
    low: float
    close: float


def candles(table: pa.Table) -> list[Candle]:
    """The bars of a CANDLES result that have prices, of its first symbol."""
    rows = table.select(["symbol", "ts", "open", "high", "low", "close"]).to_pylist()
    return [
        Candle(r["ts"], r["open"], r["high"], r["low"], r["close"])
        for r in rows
        if r["symbol"] == rows[0]["symbol"] and None not in (r["open"], r["high"], r["low"], r["close"])
    ]


def draw(bars: Sequence[Candle], width: int = 80, height: int = 16, colour: bool = False) -> str:
    """The last bars that fit in `width` × `height` characters, the axes included."""
    if not bars:
        return "(no candles)\n"
    label = max(len(_price(b.high)) for b in bars)
    bars = bars[-max(1, width - label - 3) :]
    low, high = min(b.low for b in bars), max(b.high for b in bars)
    rows = max(3, height - 2)
    step = (high - low) / (rows - 1) or 1.0

    def row(price: float) -> int:
        return round((high - price) / step)

    lines = []
    for r in range(rows):
        axis = _price(high - r * step).rjust(label) + " ┤" if r % 3 == 0 else " " * label + " │"
        lines.append(axis + "".join(_cell(b, r, row, colour) for b in bars))
    first, last = f"{bars[0].ts:%Y-%m-%d %H:%M}Z", f"{bars[-1].ts:%Y-%m-%d %H:%M}Z"
    lines.append(" " * label + " └" + "─" * len(bars))
    room = len(bars) - len(first) - len(last)
    below = first + " " * room + last if room > 0 else first
    return "\n".join([*lines, " " * (label + 2) + below, ""])


def _cell(bar: Candle, r: int, row: Row, colour: bool) -> str:
    top, bottom = sorted((row(bar.open), row(bar.close)))
    if top <= r <= bottom:
        body = RISING if bar.close > bar.open else FALLING if bar.close < bar.open else FLAT
    elif row(bar.high) <= r <= row(bar.low):
        body = WICK
    else:
        return " "
    return f"{GREEN if bar.close >= bar.open else RED}{body}{PLAIN}" if colour else body


def _price(price: float) -> str:
    return f"{price:,.2f}" if abs(price) >= 1 else f"{price:.6f}"
