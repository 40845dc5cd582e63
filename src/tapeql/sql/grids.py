"""Grids and sessions as small tables of intervals, and the bar each instant belongs to as integer arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from sqlglot import exp

from tapeql import calendars
from tapeql.calendars.grid import NEVER, NO_DATE, Grid, Instants
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import ANY_INTRADAY, Align
from tapeql.rows.nodes import Bars, Feed, Quotes, Ticks
from tapeql.sql.dialects import Unsayable
from tapeql.sql.statement import Statement
from tapeql.sql.terms import BIGINT, TEXT, Kind, Node, both, case, column, integer, least, null, op

S = "s"
"""The alias under which rows know the segment they lie in."""


@dataclass(frozen=True, slots=True)
class GridTable:
    """Bars whose segments stand in a relation (g, i, start, stop, origin, step, bound, session_date, market_open, first_open).

    `steps`: the different values of step; `carried`: some bar goes on from one segment into the next.
    """

    relation: str
    grids: Mapping[int, Grid]
    steps: frozenset[int]
    carried: bool

    def joins(self, statement: Statement, at: Node, g: Node, *, side: str = "", few: bool = False) -> list[exp.Join]:
        """Joins rows with their segments; whether they lie `inside` is left to ask."""
        return statement.containing(at, g, self.relation, S, side=side, few=few)

    def inside(self, at: Node, low_us: int, high_us: int) -> Node | None:
        """Whether an instant of a range lies in the segment; None if all do."""
        return op("<", at, column("stop", S))

    def opening(self, statement: Statement, at: Node) -> Node:
        """When the bar opens that holds the instant `at` of a segment."""
        origin = column("origin", S)
        if self.steps == {0}:
            return origin
        step: Node = integer(next(iter(self.steps))) if len(self.steps) == 1 else column("step", S)
        since = op("-", at, origin)
        bucket = op("+", origin.copy(), op("*", statement.dialect.whole_division(since, step), step.copy()))
        return (
            bucket if 0 not in self.steps else case((op("=", step.copy(), integer(0)), origin.copy()), otherwise=bucket)
        )

    def closing(self, opening: Node) -> Node:
        """When the bar closes that opens at `opening`."""
        bound, step = column("bound", S), column("step", S)
        if self.steps == {0}:
            return bound
        end = least(op("+", opening, step), bound)
        return end if 0 not in self.steps else case((op("=", step.copy(), integer(0)), bound.copy()), otherwise=end)

    def date(self, statement: Statement, at: Node) -> Node:
        return column("session_date", S)

    def market_open(self) -> Node:
        return column("market_open", S)

    def stop(self) -> Node | None:
        """Where the segment ends, if that may be before its bar does."""
        return column("stop", S)


@dataclass(frozen=True, slots=True)
class PlainGrid:
    """Bars that follow each other without a gap, all in one open market: `origin + (at - origin) // step * step`.

    day0: the instant at which session date 0 begins, or None where all have the date `only_date`.
    """

    grids: Mapping[int, Grid]
    start: int
    end: int
    origin: int
    step: int
    bound: int | None
    day0: int | None
    only_date: int | None
    opened: int

    carried = False

    @property
    def steps(self) -> frozenset[int]:
        return frozenset({self.step})

    def joins(self, statement: Statement, at: Node, g: Node, *, side: str = "", few: bool = False) -> list[exp.Join]:
        return []

    def inside(self, at: Node, low_us: int, high_us: int) -> Node | None:
        conditions: list[Node] = []
        if low_us < self.start:
            conditions.append(op(">=", at, integer(self.start)))
        if high_us > self.end:
            conditions.append(op("<", at.copy(), integer(self.end)))
        return both(*conditions) if conditions else None

    def opening(self, statement: Statement, at: Node) -> Node:
        return _floored(statement, at, self.origin, self.step, self.start)

    def closing(self, opening: Node) -> Node:
        end = op("+", opening, integer(self.step))
        return end if self.bound is None else least(end, integer(self.bound))

    def date(self, statement: Statement, at: Node) -> Node:
        if self.day0 is None:
            return null(BIGINT) if self.only_date is None else integer(self.only_date)
        if self.day0 == 0 and self.start >= 0:
            return statement.dialect.whole_division(at, integer(DAY_US))
        first = (self.start - self.day0) // DAY_US
        since = op("-", at, integer(self.day0 + first * DAY_US))
        return op("+", integer(first), statement.dialect.whole_division(since, integer(DAY_US)))

    def market_open(self) -> Node:
        return integer(self.opened)

    def stop(self) -> Node | None:
        return None


BarGrid: TypeAlias = GridTable | PlainGrid


def _floored(statement: Statement, at: Node, origin: int, step: int, start: int) -> Node:
    """The multiple of `step` from `origin` on at or before `at`, which is not before `start`."""
    if origin % step == 0 and start >= 0:
        return op("*", statement.dialect.whole_division(at, integer(step)), integer(step))
    whole = statement.dialect.whole_division(op("-", at, integer(origin)), integer(step))
    return op("+", integer(origin), op("*", whole, integer(step)))


def _plain(grids: Mapping[int, Grid]) -> PlainGrid | None:
    """The grid as arithmetic, if it is of one calendar and one sequence of bars in one open market."""
    if len(grids) != 1:
        return None
    (grid,) = grids.values()
    units = grid.step == 0
    if len(grid) == 0 or (units.any() and not units.all()):
        return None
    opened, step = int(grid.market_open[0]), int(grid.step[0]) or int(grid.limit[0] - grid.origin[0])
    if opened == NEVER or step <= 0 or (grid.market_open != opened).any():
        return None
    origin, first_open = _counted_up(grid)
    bounds = np.where(grid.limit >= NEVER, grid.end, grid.limit)
    steps = np.where(units, bounds - origin, grid.step)
    begun = first_open != grid.start
    if begun.any() or (bounds != grid.end).any() or (steps != step).any() or (grid.start[1:] != grid.end[:-1]).any():
        return None
    cut = (bounds - origin) % step != 0
    if (cut.any() and len(grid) > 1) or ((origin - origin[0]) % step != 0).any():
        return None
    dates, day0, only_date = grid.session_date, None, None
    if (dates == dates[0]).all():
        only_date = int(dates[0]) if int(dates[0]) != NO_DATE else None
    else:
        day0 = int(grid.end[0]) - (int(dates[0]) + 1) * DAY_US
        held = ((grid.start - day0) // DAY_US == dates) & ((grid.end - 1 - day0) // DAY_US == dates)
        if not held.all():
            return None
    start, end, bound = int(grid.start[0]), int(grid.end[-1]), int(bounds[0]) if cut.any() else None
    return PlainGrid(grids, start, end, int(origin[0]), step, bound, day0, only_date, opened)


def build(bars: Bars, calendar: str, start_us: int, end_us: int) -> Grid:
    dates = {feed.dates for feed in bars.feeds if feed.calendar == calendar}
    if len(dates) > 1:
        raise Unsayable("days without a session that are stored for some symbols only")
    return calendars.build_grid(
        calendar,
        bars.interval,
        start_us,
        end_us,
        zone=bars.zone,
        reference=bars.reference,
        sessions=bars.sessions,
        align=bars.align,
        dates=dates.pop() if dates else (),
    )


def bar_grid(statement: Statement, name: str, bars: Bars) -> BarGrid:
    """The grid of bars, once for each calendar; arithmetic where it is that simple."""
    grids = {
        statement.calendars[calendar]: build(bars, calendar, start, end)
        for calendar, (start, end) in _ranges(bars.feeds).items()
    }
    return _plain(grids) or _table(statement, name, grids)


def label_grid(statement: Statement, name: str, rows: Ticks | Quotes) -> BarGrid:
    """The grid that gives trades and quotes their session dates, and leaves out what SESSION leaves out."""
    grids = {
        statement.calendars[calendar]: calendars.build_grid(
            calendar,
            ANY_INTRADAY,
            start,
            end,
            zone=rows.zone,
            reference=rows.reference,
            sessions=rows.sessions,
            align=Align(),
        )
        for calendar, (start, end) in _ranges(rows.feeds).items()
    }
    return _plain(grids) or _table(statement, name, grids)


def _table(statement: Statement, name: str, grids: Mapping[int, Grid]) -> GridTable:
    parts: dict[str, list[Instants]] = {}
    for grid in grids.values():
        origin, first_open = _counted_up(grid)
        columns = {
            "start": grid.start,
            "stop": grid.end,
            "origin": origin,
            "step": grid.step,
            "bound": grid.limit,
            "session_date": grid.session_date,
            "market_open": grid.market_open,
            "first_open": first_open,
        }
        for key, values in columns.items():
            parts.setdefault(key, []).append(values)
    whole = {key: np.concatenate(values) for key, values in parts.items()}
    steps = frozenset(np.unique(whole["step"]).tolist())
    carried = bool((whole["start"] > whole["first_open"]).any())
    listed: dict[str, list[int | None]] = {key: values.tolist() for key, values in whole.items()}
    listed["session_date"] = [None if day == NO_DATE else day for day in listed["session_date"]]
    relation = intervals(statement, name, [(g, len(grid)) for g, grid in grids.items()], listed)
    return GridTable(relation, grids, steps or frozenset({0}), carried)


def intervals(
    statement: Statement,
    name: str,
    lengths: Sequence[tuple[int, int]],
    columns: Mapping[str, Sequence[object]],
) -> str:
    """A relation of sorted, disjoint intervals numbered from one in each group g, ready for `Dialect.containing`."""
    numbered: dict[str, tuple[Kind, Sequence[object]]] = {
        "i": (BIGINT, [n + 1 for _, length in lengths for n in range(length)]),
    }
    if len(statement.calendars) > 1:
        numbered["g"] = (BIGINT, [g for g, length in lengths for _ in range(length)])
    typed = {key: (TEXT if key == "name" else BIGINT, values) for key, values in columns.items()}
    return statement.constants(name, {**numbered, **typed})


def sessions(statement: Statement, name: str, rows: Bars | Ticks | Quotes, low_us: int, high_us: int) -> str:
    """The named sessions rows may lie in: of each calendar, or the reference calendar where it never closes."""
    lengths: list[tuple[int, int]] = []
    columns: dict[str, list[object]] = {"start": [], "stop": [], "name": []}
    for calendar in dict.fromkeys(feed.calendar for feed in rows.feeds):
        owner = rows.reference if calendars.is_continuous(calendar) else calendar
        spans = calendars.named_sessions(owner, low_us, high_us)
        lengths.append((statement.calendars[calendar], len(spans.start)))
        columns["start"] += spans.start.tolist()
        columns["stop"] += spans.end.tolist()
        columns["name"] += spans.name
    return intervals(statement, name, lengths, columns)


def market_hours(statement: Statement, name: str, feeds: Sequence[Feed], lag_us: int) -> str:
    """The time the markets are open in which rows of some feeds lie `lag_us` later, with when each `opened`."""
    lengths: list[tuple[int, int]] = []
    columns: dict[str, list[object]] = {"start": [], "stop": [], "opened": []}
    for calendar, (start, end) in _ranges(feeds).items():
        low, high = start - lag_us, end - lag_us
        grid = calendars.build_grid(
            calendar, ANY_INTRADAY, low, high, zone="UTC", reference="XNYS", sessions=(), align=Align()
        )
        is_open = (grid.market_open != NEVER) & (grid.end > low) & (grid.start < high)
        columns["start"] += np.maximum(grid.start, low)[is_open].tolist()
        columns["stop"] += np.minimum(grid.end, high)[is_open].tolist()
        columns["opened"] += grid.market_open[is_open].tolist()
        lengths.append((statement.calendars[calendar], int(is_open.sum())))
    return intervals(statement, name, lengths, columns)


def last_close(grid: Grid, start_us: int, end_us: int) -> int:
    """Where the last bar that opens in [start_us, end_us) closes; `end_us` if none does."""
    if len(grid) == 0:
        return end_us
    last = np.clip(end_us - 1, grid.start, grid.end - 1)
    stride = np.where(grid.step == 0, 1, grid.step)
    opens = np.where(grid.step == 0, grid.origin, grid.origin + (last - grid.origin) // stride * stride)
    closes = np.where(grid.step == 0, grid.limit, np.minimum(opens + grid.step, grid.limit))
    inside = opens < end_us
    return max(int(closes[inside].max(initial=end_us)), end_us)


def _counted_up(grid: Grid) -> tuple[Instants, Instants]:
    """Origins at or before the start of their segments, for engines whose division rounds towards zero, and the
    opening of the bar each segment starts in."""
    stride = np.where(grid.step == 0, 1, grid.step)
    buckets = (grid.start - grid.origin) // stride
    origin = np.where((grid.step == 0) | (buckets >= 0), grid.origin, grid.origin + buckets * stride)
    first_open = np.where(grid.step == 0, grid.origin, origin + (grid.start - origin) // stride * stride)
    return origin, first_open


def _ranges(feeds: Sequence[Feed]) -> dict[str, tuple[int, int]]:
    """The whole range read of each calendar."""
    found: dict[str, tuple[int, int]] = {}
    for feed in feeds:
        start, end = found.get(feed.calendar, (feed.start_us, feed.end_us))
        found[feed.calendar] = min(start, feed.start_us), max(end, feed.end_us)
    return found
