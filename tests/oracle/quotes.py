"""Time-weighted quotes: each moment of a bar asks which quote stands, by brute force over the intervals between changes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tests.oracle.buckets import Grid
from tests.oracle.tape import Row


def is_quote(quote: Row) -> bool:
    """Both sides there and not crossed; a locked quote is one."""
    bid, ask = quote["bid"], quote["ask"]
    return bid is not None and ask is not None and 0 not in (bid, ask) and bid <= ask and math.isfinite(bid - ask)


def measures(quote: Row) -> Row:
    """What one quote says by itself: NULL unless both of its sides are there."""
    bid, ask = quote["bid"], quote["ask"]
    if bid is None or ask is None or 0 in (bid, ask):
        return {"spread": None, "mid": None, "spread_pct": None}
    spread, mid = ask - bid, (bid + ask) / 2
    return {"spread": spread, "mid": mid, "spread_pct": 100 * spread / mid if mid > 0 else None}


def time_weighted(name: str, opening: int, closing: int, grid: Grid, quotes: Sequence[Row]) -> float | None:
    """The mean of a measure over the open market of one bar; NULL if no quote stood in all of its time."""
    weighted: list[float] = []
    weights: list[int] = []
    at, own = opening, grid.at(opening).open if grid.interval.by else opening
    while at < closing:
        piece = grid.at(at)
        until = min(piece.end, closing)
        if piece.opened is not None and piece.open == own:
            for since, to, quote in standing(quotes, at, until, piece.opened):
                value = {**quote, **measures(quote)}[name]
                if is_quote(quote) and value is not None:
                    weighted.append(value * (to - since))
                    weights.append(to - since)
        at = until
    return math.fsum(weighted) / sum(weights) if weights else None


def standing(quotes: Sequence[Row], start: int, end: int, opened: float) -> list[tuple[int, int, Row]]:
    """Which quote stands from when to when in [start, end): the last at or before, since the market opened."""
    changes = sorted({start, *(q["ts"] for q in quotes if start < q["ts"] < end)})
    found = []
    for since, to in zip(changes, [*changes[1:], end], strict=True):
        known = [q for q in quotes if opened <= q["ts"] <= since]
        if known:
            found.append((since, to, prevailing(known)))
    return found


def prevailing(known: Sequence[Row]) -> Row:
    """The last quote, or the best of the markets that have quoted since one without a market."""
    newest: dict[str, Row] = {}
    for quote in reversed(known):
        if quote["market"] is None:
            break
        newest.setdefault(quote["market"], quote)
    if not newest:
        return known[-1]
    bids, asks = ([q[side] for q in newest.values() if q[side]] for side in ("bid", "ask"))
    best = {"bid": max(bids, default=None), "ask": min(asks, default=None)}
    sizes = {
        f"{side}_size": sum(q[f"{side}_size"] for q in newest.values() if q[side] == price)
        for side, price in best.items()
        if price is not None and all(q[f"{side}_size"] is not None for q in newest.values() if q[side] == price)
    }
    return {"bid_size": None, "ask_size": None} | best | sizes
