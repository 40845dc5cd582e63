"""Bars by amount, trade by trade: each sequence begins with its first trade, each bar with the first behind the last."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import groupby

from tests.oracle.bars import bar_of_trades, of_trades, only_trades
from tests.oracle.buckets import Grid, Piece
from tests.oracle.tape import Recorded, Row


def bars_by_amount(
    recorded: Recorded,
    venue: str,
    grid: Grid,
    passes: Callable[[Row], bool] | None,
    now_us: int,
    asked: tuple[int, int] | None,
) -> list[Row]:
    """The bars of one symbol in order of time."""
    trades = of_trades(only_trades(recorded, asked), venue, grid, passes).rows
    found: list[Row] = []
    for _, sequence in groupby(trades, key=lambda pair: pair[0].open):
        rows = list(sequence)
        piece = rows[0][0]
        own, amount = [trade for _, trade in rows], grid.interval.amount
        by = grid.interval.by
        found += bricks(own, piece, amount, now_us) if by == "renko" else amounts(own, piece, by, amount)
    return found


def amounts(trades: list[Row], piece: Piece, by: str, amount: float) -> list[Row]:
    found, waiting = [], list[Row]()
    for trade in trades:
        waiting.append(trade)
        if reached(waiting, by, amount):
            found.append(bar(waiting, piece, trade["ts"] + 1))
            waiting = []
    return [*found, *([bar(waiting, piece, piece.close)] if waiting else [])]


def reached(trades: list[Row], by: str, amount: float) -> bool:
    counted = [trade for trade in trades if trade["counts"].volume]
    prices = [trade["price"] for trade in trades if trade["counts"].high_low]
    match by:
        case "ticks":
            return len(counted) >= amount
        case "volume":
            return math.fsum(t["quantity"] for t in counted) >= amount * (1 - 1e-9)
        case "notional":
            return math.fsum(abs(t["price"] * t["quantity"]) for t in counted) >= amount * (1 - 1e-9)
        case _:
            return bool(prices) and max(prices) - min(prices) >= amount * (1 - 1e-6)


def bricks(trades: list[Row], piece: Piece, size: float, now_us: int) -> list[Row]:
    """Level by level, as one would draw them."""
    found, waiting, base = [], list[Row](), None
    level, way = 0, 0
    for trade in trades:
        waiting.append(trade)
        if not trade["counts"].high_low:
            continue
        if base is None:
            base = trade["price"]
        while True:
            moved = (trade["price"] - base) / size - level
            if moved >= (2 if way < 0 else 1) - 1e-6:
                begin, level, way = level + (way < 0), level + (2 if way < 0 else 1), 1
            elif moved <= -(2 if way > 0 else 1) + 1e-6:
                begin, level, way = level - (way > 0), level - (2 if way > 0 else 1), -1
            else:
                break
            found.append(brick(waiting or [], trade, piece, base + begin * size, base + level * size))
            waiting = []
    if waiting and piece.close > now_us:
        first = bar(waiting, piece, piece.close)
        opened = first["open"] if base is None else base + level * size
        ends = [price for price in (opened, first["close"]) if price is not None]
        low, high = min(ends, default=None), max(ends, default=None)
        found.append(first | {"open": opened, "high": high, "low": low})
    return found


def brick(trades: list[Row], crossing: Row, piece: Piece, opened: float, closed: float) -> Row:
    """A brick of some trades, or of none where one trade went over several levels."""
    told = bar(trades or [crossing], piece, crossing["ts"] + 1)
    if not trades:
        told |= {"volume": 0.0, "trades": 0, "vwap": None}
    return told | {"open": opened, "close": closed, "high": max(opened, closed), "low": min(opened, closed)}


def bar(trades: list[Row], piece: Piece, close: int) -> Row:
    return bar_of_trades(piece, trades) | {"ts": trades[0]["ts"], "ts_close": close}
