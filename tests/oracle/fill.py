"""FILL: a row for every empty slot of an open market, from the first bar to the end of the range or now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from tapeql.query.nodes import Fill
from tests.oracle.bars import times
from tests.oracle.buckets import Grid, Piece
from tests.oracle.tape import Row

PRICES = ("open", "high", "low", "close")


def filled(bars: Sequence[Row], fill: Fill, grid: Grid, end: int) -> list[Row]:
    """The bars with their holes filled, the last one up to `end`; nothing is carried from one open market to the next."""
    known = [bar | {"market": market_of(bar, grid)} for bar in bars]
    rows = list(known)
    for n, before in enumerate(known):
        after = known[n + 1] if n + 1 < len(known) else None
        empty = slots(grid, before["ts_close"], end if after is None else after["ts"])
        for market, slots_of_market in groupby(empty, key=lambda piece: piece.opened):
            hole = list(slots_of_market)
            carried = [bar for bar in known[: n + 1] if bar["market"] == market == before["market"]]
            until = after if after is not None and after["market"] == market else None
            if fill.max_rows is None or len(hole) <= fill.max_rows:
                rows += [row for slot in hole if (row := slot_row(slot, fill, carried, until)) is not None]
    return sorted(rows, key=lambda row: row["ts"])


def market_of(bar: Row, grid: Grid) -> float | None:
    """Since when the market was open that a bar begins in: a bar may open before the session it holds."""
    piece = grid.at(bar["ts"])
    while piece.open != bar["ts"]:
        piece = grid.at(piece.end)
    return piece.opened


def slots(grid: Grid, start: int, end: int) -> Iterator[Piece]:
    """The buckets of open markets that open in [start, end)."""
    at, seen = start, None
    while at < end:
        piece = grid.at(at)
        if piece.open is not None and piece.opened is not None and start <= piece.open != seen:
            seen = piece.open
            yield piece
        at = piece.end


def slot_row(slot: Piece, fill: Fill, carried: Sequence[Row], after: Row | None) -> Row | None:
    """The row of an empty slot after the bars `carried`; None where there is nothing to carry or to draw a line to."""
    methods = dict(fill.methods)
    if "previous" in (methods[price] for price in PRICES) and all(bar["close"] is None for bar in carried):
        return None
    if "linear" in methods.values() and (not carried or after is None):
        return None
    row = times(slot) | {"filled": True}
    for column, method in methods.items():
        row[column] = value(column, method, row["ts"], carried, after)
    return row


def value(column: str, method: str, ts: int, carried: Sequence[Row], after: Row | None) -> Any:
    match method:
        case "zero":
            return 0
        case "previous":
            source = "close" if column in PRICES else column
            return next((bar[source] for bar in reversed(carried) if bar[source] is not None), None)
        case "linear":
            assert after is not None
            before, source = carried[-1], "close" if column in PRICES else column
            if before[source] is None or after[source] is None:
                return None
            share = (ts - before["ts"]) / (after["ts"] - before["ts"])
            drawn = before[source] + (after[source] - before[source]) * share
            return round(drawn) if column == "trades" else drawn
    return None
