"""Bars: the trades of a bucket, or the stored candles of a bucket, told in one row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from tapeql import tapes
from tests.oracle.buckets import Grid, Piece
from tests.oracle.grid import day_of, zone_of
from tests.oracle.tape import Recorded, Row

EVERYTHING = tapes.Counts(True, True, True)
MICROSECONDS = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


class NothingNests(Exception):
    """No stored candles lie wholly inside the bars asked for: E402."""


def bars(recorded: Recorded, venue: str, grid: Grid, passes: Callable[[Row], bool] | None) -> list[Row]:
    """The bars of one symbol in order of time: from trades if the day a bar opens in has any, else from the longest
    stored candles that nest and the day has.

    `passes` is TICKS WHERE; without one the conditions of a trade say what it counts for.
    """
    trade_days = {source_day(trade["ts"], grid) for trade in recorded.trades}
    rows: list[tuple[Piece, Row]] = []
    for trade in recorded.trades:
        counts = counts_for(venue, trade) if passes is None else EVERYTHING if passes(trade) else None
        piece = grid.at(trade["ts"])
        if counts is not None and piece.open is not None:
            rows.append((piece, {**trade, "counts": counts}))
    nesting = [name for name in recorded.candles if nests(name, recorded, grid)]
    if recorded.candles and not nesting and not recorded.trades:
        raise NothingNests
    source = {
        source_day(candle["ts"], grid): name
        for name in sorted(nesting, key=length)  # the longest is written last
        for candle in recorded.candles[name]
    }

    def chosen(piece: Piece, row: Row) -> str:
        """What the day that the bar opens in has; a bar opens in a day without rows where a session began before it."""
        assert piece.open is not None
        for day in (source_day(piece.open, grid), source_day(row["ts"], grid)):
            if day in trade_days:
                return "trades"
            if day in source:
                return source[day]
        return "trades"

    built = {
        opening: bar_of_trades(*members)
        for opening, members in grouped((p, row) for p, row in rows if chosen(p, row) == "trades").items()
    }
    for name in nesting:
        candles = [
            (piece, candle)
            for candle in recorded.candles[name]
            if (piece := grid.at(candle["ts"])).open is not None and chosen(piece, candle) == name
        ]
        built |= {opening: bar_of_candles(*members) for opening, members in grouped(candles).items()}
    return [built[opening] for opening in sorted(built)]


def grouped(rows: Iterable[tuple[Piece, Row]]) -> dict[int, tuple[Piece, list[Row]]]:
    """Rows by the bar they belong to, with the piece of time of the first one."""
    found: dict[int, tuple[Piece, list[Row]]] = {}
    for piece, row in rows:
        assert piece.open is not None
        found.setdefault(piece.open, (piece, []))[1].append(row)
    return found


def counts_for(venue: str, trade: Row) -> tapes.Counts | None:
    """What the sale conditions of a trade let it count for; None if for nothing."""
    rules = tapes.eligibility(venue)
    counts = EVERYTHING if rules is None else tapes.counts(rules, trade["conditions"])
    return counts if any(counts) else None


def bar_of_trades(piece: Piece, trades: Sequence[Row]) -> Row:
    ends = [t["price"] for t in trades if t["counts"].open_close]
    range_ = [t["price"] for t in trades if t["counts"].high_low]
    counted = [t for t in trades if t["counts"].volume]
    volume = math.fsum(t["quantity"] for t in counted)
    notional = math.fsum(t["price"] * t["quantity"] for t in counted)
    return {
        **times(piece),
        "open": ends[0] if ends else None,
        "high": max(range_, default=None),
        "low": min(range_, default=None),
        "close": ends[-1] if ends else None,
        "volume": volume,
        "trades": len(counted),
        "vwap": notional / volume if volume > 0 else None,
    }


def bar_of_candles(piece: Piece, candles: Sequence[Row]) -> Row:
    volume = math.fsum(c["volume"] for c in candles)
    known = all(c["vwap"] is not None for c in candles) and volume > 0
    return {
        **times(piece),
        "open": candles[0]["open"],
        "high": max(c["high"] for c in candles),
        "low": min(c["low"] for c in candles),
        "close": candles[-1]["close"],
        "volume": volume,
        "trades": None if any(c["trades"] is None for c in candles) else sum(c["trades"] for c in candles),
        "vwap": math.fsum(c["vwap"] * c["volume"] for c in candles) / volume if known else None,
    }


def times(piece: Piece) -> Row:
    return {"ts": piece.open, "ts_close": piece.close, "session_date": piece.date, "filled": False}


def nests(name: str, recorded: Recorded, grid: Grid) -> bool:
    """Whether buckets and sessions begin and end between stored candles of an interval, never inside one."""
    if grid.interval.us % length(name) != 0:
        return False
    pieces = [(candle["ts"], grid.at(candle["ts"])) for candle in recorded.candles[name]]
    return all((edge - ts) % length(name) == 0 for ts, piece in pieces for edge in (piece.start, piece.end))


def length(interval: str) -> int:
    return int(interval[:-1]) * MICROSECONDS[interval[-1]]


def source_day(ts: int, grid: Grid) -> object:
    """What one source is chosen for: a local day, or a bar that is longer."""
    if grid.interval.is_calendar and (grid.interval.count, grid.interval.unit) != (1, "d"):
        piece = grid.at(ts)
        while piece.open is None:  # between the sessions of bars: the time up to the next bar is the last one's
            piece = grid.at(piece.start - 1)
        return piece.open
    return day_of(ts, grid.zone if grid.calendar == "24x7" else zone_of(grid.calendar))
