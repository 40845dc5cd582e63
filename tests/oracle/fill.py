"""FILL: a row for every empty slot of an open market, from the first bar to the end of the range or now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

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
        for market, slots_of_market in groupby(empty, key=lambda slot: market_at(slot, grid)):
            hole = list(slots_of_market)
            in_market = [bar for bar in known if bar["market"] == market]
            if fill.max_rows is None or len(hole) <= fill.max_rows:
                rows += [row for slot in hole if (row := slot_row(slot, fill, in_market)) is not None]
    return sorted(rows, key=lambda row: row["ts"])


def market_of(bar: Row, grid: Grid) -> float | None:
    """Since when the market was open that a bar first reaches into, None if it lies in a closed one.

    Days follow days: for bars of a day and longer all is one market.
    """
    if grid.interval.is_calendar:
        return 0.0
    at = bar["ts"]
    while at < bar["ts_close"]:
        piece = grid.at(at)
        if piece.open == bar["ts"] and piece.opened is not None:
            return piece.opened
        at = piece.end
    return None


def market_at(slot: Piece, grid: Grid) -> float | None:
    return 0.0 if grid.interval.is_calendar else slot.opened


def slots(grid: Grid, start: int, end: int) -> Iterator[Piece]:
    """The buckets of open markets that open in [start, end)."""
    at, seen = start, None
    while at < end:
        piece = grid.at(at)
        if piece.open is not None and piece.opened is not None and start <= piece.open != seen:
            seen = piece.open
            yield piece
        at = piece.end


def slot_row(slot: Piece, fill: Fill, bars: Sequence[Row]) -> Row | None:
    """The row of an empty slot among the bars of its open market; None where there is nothing to carry or to draw to."""
    row = times(slot) | {"filled": True}
    for column, method in fill.methods:
        source = "close" if column in PRICES else column
        known = [bar for bar in bars if bar[source] is not None]
        before = next((bar for bar in reversed(known) if bar["ts"] < row["ts"]), None)
        after = next((bar for bar in known if bar["ts"] > row["ts"]), None)
        match method:
            case "zero":
                row[column] = 0
            case "previous":
                if before is None:
                    return None
                row[column] = before[source]
            case "linear":
                if before is None or after is None:
                    return None
                share = (row["ts"] - before["ts"]) / (after["ts"] - before["ts"])
                drawn = before[source] + (after[source] - before[source]) * share
                row[column] = round(drawn) if column == "trades" else drawn
            case _:
                row[column] = None
    return row
