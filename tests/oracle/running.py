"""VWAP and TWAP, bar by bar, from all trades there are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta

from tapeql.query.nodes import SEQUENCE_US, Align, Column, Interval, OfAnchor, SessionSpec
from tests.oracle.bars import of_trades
from tests.oracle.buckets import Grid
from tests.oracle.quotes import standing
from tests.oracle.rows import Asked, tick_filter
from tests.oracle.tape import Row

SEQUENCE = Interval("session", SEQUENCE_US, 0, "")


def running(column: Column, rows: Sequence[Row], asked: Asked) -> list[float | None]:
    """`vwap`, `upper.k` or `lower.k` since the anchor, as of the end of each row."""
    of, query = column.of, asked.query
    assert isinstance(of, OfAnchor)
    sessions = query.sessions
    if asked.interval is not None and asked.interval.is_calendar and not sessions and asked.calendar != "24x7":
        sessions = (SessionSpec("regular"),)
    align = Align("time", of.time_us) if of.kind == "time" else Align()
    grid = Grid(asked.calendar, SEQUENCE, query.zone, query.reference, sessions, align)
    trades = [t for _, t in of_trades(asked.recorded, asked.symbol.venue, grid, tick_filter(asked)).rows]
    known = [(t, label(grid, t["ts"], of.kind)) for t in trades if t["counts"].volume]
    found: list[float | None] = []
    for row in rows:
        mine = label(grid, max(row["ts_close"] - 1, row["ts"]), of.kind)
        own = [(t["price"], t["quantity"]) for t, its in known if its == mine and t["ts"] < row["ts_close"]]
        volume = math.fsum(q for _, q in own)
        if mine is None or not volume:
            found.append(None)
            continue
        vwap = math.fsum(p * q for p, q in own) / volume
        sigma = math.sqrt(math.fsum(q * (p - vwap) ** 2 for p, q in own) / volume)
        side, _, width = column.name.partition(".")
        found.append(vwap + {"vwap": 0.0, "upper": sigma, "lower": -sigma}[side] * float(width or 0))
    return found


def label(grid: Grid, ts: int, kind: str) -> object:
    """What tells anchors apart; a closed market belongs to the day before it."""
    piece = grid.at(ts)
    if piece.open is None or kind in ("session", "time"):
        return piece.open
    while piece.date is None:
        piece = grid.at(piece.start - 1)
    day = date(1970, 1, 1) + timedelta(days=piece.date)
    return {"day": day, "week": day.isocalendar()[:2], "month": (day.year, day.month)}[kind]


def time_weighted_price(rows: Sequence[Row], asked: Asked) -> list[float | None]:
    """The mean of the last price over the open market of each bar."""
    grid = asked.grid
    of_all = Grid(grid.calendar, SEQUENCE, grid.zone, grid.reference, (), Align())  # SESSION does not remove what stood
    counted = of_trades(asked.recorded, asked.symbol.venue, of_all, tick_filter(asked)).rows
    stood = [{"ts": t["ts"], "bid": t["price"], "market": None} for _, t in counted if t["counts"].open_close]
    found: list[float | None] = []
    for row in rows:
        weighted, weights = list[float](), 0
        at, closing = row["ts"], min(row["ts_close"], asked.query.now_us)
        while at < closing:
            piece = grid.at(at)
            until = min(piece.end, closing)
            if piece.opened is not None and piece.open == row["ts"]:
                for since, to, price in standing(stood, at, until, piece.opened):
                    weighted.append(price["bid"] * (to - since))
                    weights += to - since
            at = until
        found.append(math.fsum(weighted) / weights if weights else None)
    return found
