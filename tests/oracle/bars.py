"""Bars: the trades of a bucket, or the stored candles of a bucket, told in one row."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tapeql import tapes
from tests.oracle.buckets import Grid, Piece
from tests.oracle.grid import DAY_US, moment_of
from tests.oracle.tape import Recorded, Row

EVERYTHING = tapes.Counts(True, True, True)
NOTHING = tapes.Counts(False, False, False)
MICROSECONDS = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


class NothingNests(Exception):
    """No stored candles lie wholly inside the bars asked for: E402."""


class NoTrades(Exception):
    """TICKS WHERE has only candles: E405."""


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Source:
    """Rows that bars may be built from, the time the store has all of them for, and what of it cannot be used."""

    name: str
    rows: list[tuple[Piece, Row]]
    covered: list[Span]
    unusable: list[Span]


def bars(
    recorded: Recorded, venue: str, grid: Grid, passes: Callable[[Row], bool] | None, now_us: int, asked: Span | None
) -> list[Row]:
    """The bars of one symbol in order of time.

    `passes` is TICKS WHERE; without one the conditions of a trade say what it counts for. `asked` is the range that
    candles must nest in somewhere.
    """
    if passes is not None:
        recorded = only_trades(recorded, asked)
    candles = [of_candles(name, recorded, grid) for name in sorted(recorded.candles, key=length, reverse=True)]
    fit = [source for source in candles if any(source.rows)]
    if recorded.candles and not fit and not recorded.trades:
        raise NothingNests
    sources = [*([of_trades(recorded, venue, grid, passes)] if recorded.trades else []), *fit]
    if asked is not None:
        answered = any(held(s, *asked) for s in sources)
        if not answered and any(
            overlap(span, asked) for s in candles if s not in fit or s.unusable for span in s.covered
        ):
            raise NothingNests
    built = {}
    bars_there = {p.open: p for source in sources for p, _ in source.rows if p.open is not None}
    for opening, anywhere in sorted(bars_there.items()):
        chosen = source_of(pieces_of(anywhere, grid), sources, now_us)
        mine = [(piece, row) for piece, row in chosen.rows if piece.open == opening]
        if mine:
            first, rows = mine[0][0], [row for _, row in mine]
            built[opening] = bar_of_trades(first, rows) if chosen.name == "trades" else bar_of_candles(first, rows)
    return list(built.values())


def only_trades(recorded: Recorded, asked: Span | None) -> Recorded:
    """What TICKS WHERE can filter."""
    trades = covered([trade["ts"] for trade in recorded.trades], 1, day_number)
    spans = [
        span
        for name, rows in recorded.candles.items()
        for span in covered([c["ts"] for c in rows], length(name), month_number)
    ]
    low, high = asked or (min([s for s, _ in spans] + [s for s, _ in trades]), max([e for _, e in spans] + [0]))
    candles = Source("candles", [], spans, trades)
    nothing = asked is not None and not any(overlap(span, asked) for span in trades) and held(candles, low, high) > 0
    if not trades or nothing:
        raise NoTrades
    return Recorded(recorded.trades, recorded.quotes, {})


def source_of(pieces: Sequence[Piece], sources: Sequence[Source], now_us: int) -> Source:
    """The first source that has all of a bar's open market so far, else the one that has most of it, trades last."""
    trading = [piece for piece in pieces if piece.opened is not None] or pieces
    until = max(now_us, (pieces[0].open or 0) + 1)
    stretches = [(p.start, min(p.end, until)) for p in trading if p.start < until]
    amounts = [sum(held(source, *stretch) for stretch in stretches) for source in sources]
    whole = sum(end - start for start, end in stretches)
    for source, amount in zip(sources, amounts, strict=True):
        if amount == whole:
            return source
    most = max(amounts)
    candidates = [s for s, amount in zip(sources, amounts, strict=True) if amount == most]
    if most == 0:
        return sources[0]
    return next((s for s in candidates if s.name != "trades"), candidates[0])


def pieces_of(anywhere: Piece, grid: Grid) -> list[Piece]:
    """The stretches of time of one bar, of which one is known."""
    opening, closing = anywhere.open, anywhere.close
    assert opening is not None
    assert closing is not None
    at, found = opening, []
    while at < closing:
        piece = grid.at(at)
        found += [piece] if piece.open == opening else []
        at = piece.end
    return found


def held(source: Source, start: int, end: int) -> int:
    """How much of [start, end) a source can answer for, in microseconds."""
    edges = {start, end}
    for span in (*source.covered, *source.unusable):
        edges |= {edge for edge in span if start < edge < end}
    cuts = sorted(edges)

    def usable(at: int) -> bool:
        inside = any(a <= at < b for a, b in source.covered)
        return inside and not any(a <= at < b for a, b in source.unusable)

    return sum(b - a for a, b in pairwise(cuts) if usable(a))


def overlap(one: Span, other: Span) -> bool:
    return max(one[0], other[0]) < min(one[1], other[1])


def of_trades(recorded: Recorded, venue: str, grid: Grid, passes: Callable[[Row], bool] | None) -> Source:
    rows: list[tuple[Piece, Row]] = []
    for trade in recorded.trades:
        counts = counts_for(venue, trade) if passes is None else EVERYTHING if passes(trade) else None
        piece = grid.at(trade["ts"])
        if counts is not None and piece.open is not None:
            rows.append((piece, {**trade, "counts": counts}))
    return Source("trades", rows, covered([trade["ts"] for trade in recorded.trades], 1, day_number), [])


def of_candles(name: str, recorded: Recorded, grid: Grid) -> Source:
    """Candles that lie each wholly in one bar; all of a bar is lost that one lies only partly in."""
    rows: list[tuple[Piece, Row]] = []
    lost: list[Span] = []
    for candle in recorded.candles[name]:
        pieces = []
        at = candle["ts"]
        while at < candle["ts"] + length(name):
            piece = grid.at(at)
            pieces += [piece] if piece.open is not None else []
            at = piece.end
        if len({piece.open for piece in pieces}) > 1:
            lost += [(p.open, p.close) for p in pieces if p.open is not None and p.close is not None]
        elif pieces:
            rows.append((pieces[0], candle))
    rows = [(piece, row) for piece, row in rows if not any(a <= (piece.open or 0) < b for a, b in lost)]
    spans = covered([candle["ts"] for candle in recorded.candles[name]], length(name), month_number)
    if not grid.interval.is_calendar and length(name) > grid.interval.us:
        rows = []
    return Source(name, rows, spans, lost if rows else spans)


def covered(stamps: Sequence[int], size: int, number: Callable[[int], int]) -> list[Span]:
    """From the first row to the last of each run of neighbouring days (or months) that have rows."""
    spans: list[Span] = []
    for ts in sorted(stamps):
        if spans and number(ts) <= number(spans[-1][1] - size) + 1:
            spans[-1] = spans[-1][0], ts + size
        else:
            spans.append((ts, ts + size))
    return spans


def day_number(ts: int) -> int:
    return ts // DAY_US


def month_number(ts: int) -> int:
    moment = moment_of(ts, "UTC")
    return moment.year * 12 + moment.month


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
    return {
        **times(piece),
        "open": ends[0] if ends else None,
        "high": max(range_, default=None),
        "low": min(range_, default=None),
        "close": ends[-1] if ends else None,
        "volume": volume,
        "trades": len(counted),
        "vwap": mean([(t["price"], t["quantity"]) for t in counted]),
    }


def bar_of_candles(piece: Piece, candles: Sequence[Row]) -> Row:
    """Candles in which nothing traded (volume 0) repeat an old price, which counts where there are no others."""
    loud = [c for c in candles if c["volume"] != 0] or list(candles)
    with_volume = [c for c in candles if c["volume"] is not None and c["volume"] > 0]
    told = [c["volume"] for c in candles if c["volume"] is not None]
    volume = math.fsum(told) if told else None
    trades = [0 if c["trades"] is None and c["volume"] == 0 else c["trades"] for c in candles]
    known = with_volume and all(c["vwap"] is not None for c in with_volume)
    return {
        **times(piece),
        "open": loud[0]["open"],
        "high": max(c["high"] for c in loud),
        "low": min(c["low"] for c in loud),
        "close": loud[-1]["close"],
        "volume": volume,
        "trades": None if None in trades else sum(trades),
        "vwap": mean([(c["vwap"], c["volume"]) for c in with_volume]) if known else None,
    }


def mean(told: Sequence[tuple[float, float]]) -> float | None:
    """A mean of prices by quantity; it lies among the prices, and is NULL where it cannot be written down."""
    volume = math.fsum(quantity for _, quantity in told)
    notional = [price * quantity for price, quantity in told]
    if volume <= 0 or not all(map(math.isfinite, [volume, *notional])):
        return None
    prices = [price for price, _ in told]
    return min(max(math.fsum(notional) / volume, min(prices)), max(prices))


def times(piece: Piece) -> Row:
    return {"ts": piece.open, "ts_close": piece.close, "session_date": piece.date, "filled": False}


def length(interval: str) -> int:
    return int(interval[:-1]) * MICROSECONDS[interval[-1]]
