"""Which stored rows each bar is built from: coverage decides, and a bar never mixes sources.

trades where the store has all of the bar's time (that has passed), else the coarsest candles that nest and hold all of
it, else whichever holds most of it. Between two edges of what is covered the answer is the same for all bars, so only
the bars across an edge are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tapeql import calendars
from tapeql.calendars.grid import NEVER, Grid
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import Symbol
from tapeql.rows.nesting import (
    UNIT_DAYS,
    Shape,
    interval_us,
    is_daily,
    nesting_of_days,
    nesting_of_times,
    unit_of,
)
from tapeql.rows.nodes import Source
from tapeql.rows.spans import NOWHERE, Instants, Spans, union, without
from tapeql.storage.snapshot import Part, Snapshot


@dataclass(slots=True)
class Stored:
    """What is stored of one symbol: parts of trades and of candles by interval."""

    symbol: Symbol
    ticks: Sequence[Part]
    candles: dict[str, Sequence[Part]]

    @property
    def parts(self) -> list[Part]:
        return [*self.ticks, *(p for parts in self.candles.values() for p in parts)]


@dataclass(frozen=True, slots=True)
class Choice:
    """Where a symbol's bars come from.

    sources    disjoint ranges of openings, sorted; empty where nothing stored nests
    dates      the grid's dates without a session
    answered   the time some source that nests is stored for
    unfit      intervals of candles that do not nest, with the time they are stored for
    partial    openings of bars built from part of their trades although something tells of more
    """

    sources: tuple[Source, ...]
    dates: tuple[int, ...] = ()
    answered: Spans = NOWHERE
    unfit: dict[str, Spans] = field(default_factory=dict)
    partial: tuple[int, ...] = ()


def stored(snapshot: Snapshot, symbol: Symbol, now_us: int) -> Stored:
    """What is stored of a symbol with stamps before now."""

    def parts(table: str, interval: str = "") -> list[Part]:
        found = snapshot.parts(table, symbol.venue, symbol.code, interval)
        return [replace(p, max_us=min(p.max_us, now_us - 1)) for p in found if p.min_us < now_us]

    candles = {interval: parts("ohlcv", interval) for interval in snapshot.intervals(symbol.venue, symbol.code)}
    return Stored(symbol, parts("ticks"), {interval: found for interval, found in candles.items() if found})


def choose(found: Stored, calendar: str, shape: Shape, snapshot: Snapshot, now_us: int) -> Choice:
    """The sources of a symbol's bars over all that is stored."""
    low, high = _reach(found, calendar, shape)
    if not found.candles:
        return Choice((Source("ticks", "", (), low, high),))
    coarse = sorted(found.candles, key=interval_us, reverse=True)
    days = [nesting_of_days(i, found.candles[i], snapshot, calendar, shape) for i in coarse if is_daily(i)]
    dates = tuple(sorted({date for nesting in days for date in nesting.dates}))
    grid = _grid(shape, calendar, low, high, dates)
    times = [nesting_of_times(i, found.candles[i], snapshot, calendar, shape, grid) for i in coarse if not is_daily(i)]
    nestings = [*days, *times]
    unfit = {n.interval: n.covered for n in nestings if len(without(n.covered, n.fit).start)}
    candidates = [(n, n.fit) for n in nestings if len(n.fit.start)]
    ticks = _ticks(found, snapshot)
    if not found.ticks and not candidates:
        return Choice((), unfit=unfit)
    ranked: list[tuple[tuple[str, str, tuple[str, ...]], Spans]] = [(("ticks", "", ()), ticks)] if found.ticks else []
    ranked += [(("ohlcv", n.interval, n.within), fit) for n, fit in candidates]
    runs, partial = _runs(grid, [spans for _, spans in ranked], low, high, now_us, bool(found.ticks))
    sources = tuple(Source(*ranked[which][0], start, end) for start, end, which in runs)
    if not sources:
        return Choice((), unfit=unfit)
    return Choice(sources, dates, union(*(spans for _, spans in ranked)), unfit, partial)


def _reach(found: Stored, calendar: str, shape: Shape) -> tuple[int, int]:
    """A range of openings that holds every bar with a stored row, inside what the calendar knows."""
    low = min(p.min_us for p in found.parts) - shape.reach_us
    high = max(ends(p, calendar) for p in found.parts) + shape.reach_us
    if calendars.is_continuous(calendar):
        return low, high
    first, last = calendars.known_range(calendar)
    return max(low, first), max(min(high, last), first)


def _grid(shape: Shape, calendar: str, low: int, high: int, dates: tuple[int, ...]) -> Grid:
    """A grid over whole years, so that symbols stored for the same years share it."""
    years = np.array([low, high], dtype="datetime64[us]").astype("datetime64[Y]") + np.array([0, 1])
    start, end = years.astype("datetime64[us]").astype(np.int64).tolist()
    if not calendars.is_continuous(calendar):
        first, last = calendars.known_range(calendar)
        start, end = max(start, first), min(end, last)
    return shape.grid(calendar, start, end, dates)


def _ticks(found: Stored, snapshot: Snapshot) -> Spans:
    if not found.ticks:
        return NOWHERE
    return Spans.of(snapshot.coverage("ticks", found.symbol.venue, found.symbol.code))


# ── bar by bar, where it matters ──────────────────────────────────────────────────────────────────────────────────────

Run = tuple[int, int, int]


def _runs(
    grid: Grid, ranked: Sequence[Spans], low: int, high: int, now_us: int, with_ticks: bool
) -> tuple[list[Run], tuple[int, ...]]:
    """Ranges of openings with the number of the source each is built from, and openings of bars only partly told."""
    edges = np.unique(np.concatenate([np.append(s.start, s.end) for s in ranked]))
    edges = edges[(edges > low) & (edges < high)]
    opens, closes = _across(grid, edges)
    partial: list[int] = []
    runs: list[Run] = []

    def put(start: int, end: int, which: int | None) -> None:
        if which is None and with_ticks:
            which = 0  # trades that came in a declared gap
        if start >= end or which is None:
            return
        if runs and runs[-1][1:] == (start, which):
            start = runs.pop()[0]
        runs.append((start, end, which))

    at = low
    for n in range(len(edges) + 1):
        across = n < len(edges) and closes[n] > edges[n]
        until = high if n == len(edges) else int(opens[n]) if across else int(edges[n])
        put(at, until, _covering(ranked, max(at, int(edges[n - 1]) if n else low)))
        at = max(at, until)
        if across and int(opens[n]) >= at:
            which, known = _most(grid, ranked, int(opens[n]), int(closes[n]), now_us)
            put(int(opens[n]), int(closes[n]), which)
            if known and with_ticks and which == 0:
                partial.append(int(opens[n]))
            at = int(closes[n])
    return runs, tuple(partial)


def _across(grid: Grid, edges: Instants) -> tuple[Instants, Instants]:
    """The bar that goes across each instant; (edge, edge) where none does."""
    if len(grid) == 0:
        return edges, edges
    segment = np.searchsorted(grid.start, edges) - 1
    inside = segment >= 0
    segment = np.maximum(segment, 0)
    opening = calendars.opening_of(grid, segment, np.minimum(edges, grid.end[segment]) - 1)
    closing = calendars.closing_of(grid, segment, opening)
    across = inside & (opening < edges) & (edges < closing)
    return np.where(across, opening, edges), np.where(across, closing, edges)


def _covering(ranked: Sequence[Spans], at: int) -> int | None:
    """The first source that has this instant."""
    instant = np.array([at])
    return next((n for n, spans in enumerate(ranked) if spans.at(instant)[0]), None)


def _most(grid: Grid, ranked: Sequence[Spans], opening: int, closing: int, now_us: int) -> tuple[int | None, bool]:
    """The source that holds all of the bar's open market, or most of it, the earlier of equals but trades last; and
    whether another has what it lacks."""
    pieces = calendars.edges(grid, opening, min(closing, max(now_us, opening + 1)))
    mine = pieces.bar_open == opening
    open_market = mine & (grid.market_open[pieces.segment] != NEVER)
    mine = open_market if open_market.any() else mine
    start, end = pieces.slot_start[mine], np.minimum(pieces.slot_end[mine], max(now_us, opening + 1))
    start, end = start[start < end], end[start < end]
    whole = int((end - start).sum())
    held = [int(spans.within(start, end).sum()) for spans in ranked]
    if whole == 0 or max(held) == 0:
        return None, False
    full = next((n for n, amount in enumerate(held) if amount == whole), None)
    if full is not None:
        return full, False
    which = max(range(len(held)), key=lambda n: (held[n], n > 0, -n))
    missing = without(union(*ranked), ranked[which]).within(start, end).sum() > 0
    return which, bool(missing)


def untold(choice: Choice, grid: Grid, low: int, high: int) -> dict[str, tuple[int, int]]:
    """Candles that do not nest and are all there is for some bars that open in [low, high): interval → (from, until)."""
    found: dict[str, tuple[int, int]] = {}
    for interval, covered in choice.unfit.items():
        left = without(covered, choice.answered).clipped(low, high)
        if len(left.start) == 0:
            continue
        opens, closes = _across(grid, left.start)
        start = np.where(closes > left.start, closes, left.start)
        opens, closes = _across(grid, left.end)
        end = np.where(closes > left.end, opens, left.end)
        wide = start < end
        market = grid.market_open != NEVER
        trading = Spans(grid.start[market], grid.end[market]).within(start[wide], end[wide]) > 0
        if trading.any():
            found[interval] = int(left.start[wide][trading][0]), int(left.end[wide][trading][-1])
    return found


def ends(part: Part, calendar: str) -> int:
    """Behind the opening of the last bar that a part has rows for."""
    if part.table == "ohlcv" and is_daily(part.interval):
        unit, count = unit_of(part.interval)
        zone = calendars.zone_of(calendar)
        date = calendars.stamp_dates(calendar, zone, np.array([part.max_us]))
        if date[0] == calendars.NO_DATE:
            return part.max_us + count * UNIT_DAYS[unit] * DAY_US
        last = calendars.covered_dates(calendar, date, count, unit).last
        return int(calendars.local_midnight_us(last + 1, zone)[0])
    return part.max_us + (interval_us(part.interval) if part.table == "ohlcv" else 1)
