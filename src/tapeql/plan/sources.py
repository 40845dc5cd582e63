"""Which stored rows bars are built from: trades where a day has any, else the coarsest candles that nest in the grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql import calendars
from tapeql.calendars.grid import Grid
from tapeql.errors import Diagnostic
from tapeql.plan.nodes import Source
from tapeql.query.nodes import Align, Interval, SessionSpec, Symbol
from tapeql.storage.snapshot import Part, Snapshot

DAY_US = 86_400_000_000
UNIT_DAYS = {"d": 1, "w": 7, "mo": 31, "q": 92, "y": 366}
_UNIT_US = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


@dataclass(frozen=True, slots=True)
class Shape:
    """What decides a grid besides the symbol's calendar."""

    interval: Interval
    zone: str
    reference: str
    sessions: tuple[SessionSpec, ...]
    align: Align

    def grid(self, calendar: str, start_us: int, end_us: int) -> Grid:
        return calendars.build_grid(
            calendar,
            self.interval,
            start_us,
            end_us,
            zone=self.zone,
            reference=self.reference,
            sessions=self.sessions,
            align=self.align,
        )

    @property
    def reach_us(self) -> int:
        """No bar opens earlier than this before one of its rows."""
        if self.interval.is_calendar:
            return (self.interval.count * UNIT_DAYS[self.interval.unit] + 4) * DAY_US
        return 2 * DAY_US


@dataclass(slots=True)
class Stored:
    """What is stored of one symbol: parts of trades and of candles by interval, and what was noticed choosing."""

    symbol: Symbol
    ticks: Sequence[Part]
    candles: dict[str, Sequence[Part]]
    notes: list[Diagnostic] = field(default_factory=list)

    @property
    def parts(self) -> list[Part]:
        return [*self.ticks, *(p for parts in self.candles.values() for p in parts)]


def stored(snapshot: Snapshot, symbol: Symbol) -> Stored:
    candles = {
        interval: snapshot.parts("ohlcv", symbol.venue, symbol.code, interval)
        for interval in snapshot.intervals(symbol.venue, symbol.code)
    }
    return Stored(symbol, snapshot.parts("ticks", symbol.venue, symbol.code), candles)


def choose(found: Stored, calendar: str, shape: Shape, snapshot: Snapshot) -> tuple[Source, ...]:
    """The sources of a symbol's bars over all that is stored; empty where no stored candles nest and no trades exist."""
    parts = found.parts
    start = min(p.min_us for p in parts) - shape.reach_us
    end = max(p.max_us for p in parts) + shape.reach_us
    if not found.candles:
        return (Source("ticks", "", start, end),)
    grid = shape.grid(calendar, start, end)
    nesting = [
        i
        for i in sorted(found.candles, key=interval_us, reverse=True)
        if nests(i, found.candles[i], grid, shape, calendar)
    ]
    if not found.ticks:
        if len(nesting) <= 1:
            return tuple(Source("ohlcv", interval, start, end) for interval in nesting)
    elif not nesting:
        return (Source("ticks", "", start, end),)
    return _by_day(found, nesting, _unit_edges(grid, calendar, shape, start, end), snapshot)


def _by_day(
    found: Stored, nesting: Sequence[str], edges: npt.NDArray[np.int64], snapshot: Snapshot
) -> tuple[Source, ...]:
    have = [("ticks", "", _covered(edges, found.ticks))]
    have += [("ohlcv", interval, _with_candles(edges, found, interval, snapshot)) for interval in nesting]
    units = [next(((t, i) for t, i, covered in have if covered[unit]), None) for unit in range(len(edges) - 1)]
    sources: list[Source] = []
    following = None
    for unit in reversed(range(len(units))):
        # a bar that opens in a unit without rows holds those of the next: an evening's session, a day's first bar
        following = units[unit] or following
        if following is None:
            continue
        low, high = int(edges[unit]), int(edges[unit + 1])
        if sources and (sources[-1].table, sources[-1].interval) == following:
            high = sources.pop().end_us
        sources.append(Source(*following, low, high))
    sources.reverse()
    return tuple(sources)


def _unit_edges(grid: Grid, calendar: str, shape: Shape, start_us: int, end_us: int) -> npt.NDArray[np.int64]:
    """The edges between which a bar never mixes sources: local midnights, or the bars longer than a day."""
    if shape.interval.is_calendar and (shape.interval.count > 1 or shape.interval.unit != "d"):
        return np.append(np.unique(grid.origin), end_us)
    zone = shape.zone if calendars.is_continuous(calendar) else calendars.zone_of(calendar)
    first, last = start_us // DAY_US - 1, end_us // DAY_US + 1
    return calendars.local_midnight_us(np.arange(first, last + 1), zone)


def _with_candles(
    edges: npt.NDArray[np.int64], found: Stored, interval: str, snapshot: Snapshot
) -> npt.NDArray[np.bool_]:
    """The units that have candles of an interval; a part holds a month and may lack days, so stamps are looked at."""
    covered = np.zeros(len(edges) - 1, dtype=np.bool_)
    symbol = found.symbol
    for batch in snapshot.scan("ohlcv", symbol.venue, symbol.code, int(edges[0]), int(edges[-1]), ("ts",), interval):
        stamps = batch.column(0).cast(pa.int64()).to_numpy(zero_copy_only=False)
        if _unit(interval)[0] in UNIT_DAYS:
            stamps = stamps + DAY_US // 2
        covered[np.unique(np.searchsorted(edges, stamps, side="right") - 1)] = True
    return covered


def _covered(edges: npt.NDArray[np.int64], parts: Sequence[Part]) -> npt.NDArray[np.bool_]:
    """The units some part reaches into; parts of trades are UTC days, so both their ends tell."""
    covered = np.zeros(len(edges) - 1, dtype=np.bool_)
    for part in parts:
        low = int(np.searchsorted(edges, part.min_us, side="right")) - 1
        high = int(np.searchsorted(edges, part.max_us, side="right")) - 1
        covered[max(low, 0) : high + 1] = True
    return covered


def nests(interval: str, parts: Sequence[Part], grid: Grid, shape: Shape, calendar: str) -> bool:
    """Whether each stored candle lies wholly in one bar of the grid."""
    unit, count = _unit(interval)
    if unit in UNIT_DAYS:
        return _same_days(unit, count, shape) and _whole_days(parts, shape, calendar)
    us = interval_us(interval)
    phase = parts[0].min_us % us
    if any(p.min_us % us != phase for p in parts):
        return False
    edges = np.concatenate([grid.start, grid.end, grid.origin])
    return bool(((edges - phase) % us == 0).all() and (grid.step % us == 0).all())


def _same_days(unit: str, count: int, shape: Shape) -> bool:
    """Whether bars hold whole candles of a calendar unit: days in anything longer, else the same unit."""
    if not shape.interval.is_calendar or any(s.name != "regular" or s.start_us is not None for s in shape.sessions):
        return False
    return (unit, count) in (("d", 1), (shape.interval.unit, shape.interval.count))


def _whole_days(parts: Sequence[Part], shape: Shape, calendar: str) -> bool:
    """Whether the days of candles are those of the calendar.

    Candles of a venue with sessions hold the session of their date. Around the clock a day begins at midnight, and a
    candle that begins at the midnight of another zone lies in two days.
    """
    around_the_clock = calendars.is_continuous(calendar)
    if calendars.is_continuous(calendars.calendar_of(parts[0].venue)) != around_the_clock:
        return False
    if not around_the_clock:
        return True
    stamps = np.array([us for part in parts for us in (part.min_us, part.max_us)])
    midnights = calendars.local_midnight_us(calendars.local_dates(stamps, shape.zone), shape.zone)
    return not shape.sessions and bool((midnights == stamps).all())


def ends(part: Part, calendar: str) -> int:
    """Behind the opening of the last bar that a part has rows for; daily candles are stamped before their session."""
    if part.table == "ohlcv" and _unit(part.interval)[0] in UNIT_DAYS:
        zone = calendars.zone_of(calendar)
        day = int(calendars.local_dates(np.array([part.max_us + DAY_US // 2]), zone)[0])
        return int(calendars.local_midnight_us(day + 1, zone))
    return part.max_us + 1


def interval_us(interval: str) -> int:
    """An approximate length, exact for elapsed time, to tell coarse from fine."""
    unit, count = _unit(interval)
    return count * (_UNIT_US.get(unit) or UNIT_DAYS[unit] * DAY_US)


def _unit(interval: str) -> tuple[str, int]:
    digits = len(interval) - len(interval.lstrip("0123456789"))
    return interval[digits:], int(interval[:digits])
