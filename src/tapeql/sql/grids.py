"""Grids and sessions as small tables of intervals, and the bar each instant belongs to as integer arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tapeql import calendars
from tapeql.calendars.grid import NO_DATE, Grid, Instants
from tapeql.query.nodes import Align, Interval
from tapeql.rows.nodes import Bars, Feed, Quotes, Ticks
from tapeql.sql.dialects import Unsayable
from tapeql.sql.statement import Statement
from tapeql.sql.terms import BIGINT, TEXT, Kind, Node, case, column, integer, least, op

ANY_INTRADAY = Interval("1h", 3_600_000_000, 0, "")
"""The interval that labels trades and quotes with session dates: all intraday grids give the same."""


@dataclass(frozen=True, slots=True)
class GridTable:
    """A relation of segments (g, i, start, end, origin, step, limit, session_date, market_open, first_open).

    `steps`: the different values of step; `carried`: some bar goes on from one segment into the next.
    """

    relation: str
    grids: Mapping[int, Grid]
    steps: frozenset[int]
    carried: bool

    def opening(self, statement: Statement, at: Node, alias: str) -> Node:
        """When the bar opens that holds the instant `at` of a segment."""
        origin = column("origin", alias)
        if self.steps == {0}:
            return origin
        step: Node = integer(next(iter(self.steps))) if len(self.steps) == 1 else column("step", alias)
        since = op("-", at, origin)
        bucket = op("+", origin.copy(), op("*", statement.dialect.whole_division(since, step), step.copy()))
        return (
            bucket if 0 not in self.steps else case((op("=", step.copy(), integer(0)), origin.copy()), otherwise=bucket)
        )

    def closing(self, opening: Node, alias: str) -> Node:
        """When the bar closes that opens at `opening`."""
        limit, step = column("limit", alias), column("step", alias)
        if self.steps == {0}:
            return limit
        end = least(op("+", opening, step), limit)
        return end if 0 not in self.steps else case((op("=", step.copy(), integer(0)), limit.copy()), otherwise=end)


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


def bar_grid(statement: Statement, name: str, bars: Bars) -> GridTable:
    """The grid of bars, once for each calendar."""
    grids = {
        statement.calendars[calendar]: build(bars, calendar, start, end)
        for calendar, (start, end) in _ranges(bars.feeds).items()
    }
    return grid_table(statement, name, grids)


def label_grid(statement: Statement, name: str, rows: Ticks | Quotes) -> GridTable:
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
    return grid_table(statement, name, grids)


def grid_table(statement: Statement, name: str, grids: Mapping[int, Grid]) -> GridTable:
    parts: dict[str, list[Instants]] = {}
    for grid in grids.values():
        origin, first_open = _counted_up(grid)
        columns = {
            "start": grid.start,
            "end": grid.end,
            "origin": origin,
            "step": grid.step,
            "limit": grid.limit,
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
        "g": (BIGINT, [g for g, length in lengths for _ in range(length)]),
    }
    typed = {key: (TEXT if key == "name" else BIGINT, values) for key, values in columns.items()}
    relation = statement.constants(name, {**numbered, **typed})
    index = statement.dialect.interval_index(relation)
    if index is not None:
        statement.add(f"{relation}_edges", index)
    return relation


def sessions(statement: Statement, name: str, rows: Bars | Ticks | Quotes, low_us: int, high_us: int) -> str:
    """The named sessions rows may lie in: of each calendar, or the reference calendar where it never closes."""
    lengths: list[tuple[int, int]] = []
    columns: dict[str, list[object]] = {"start": [], "end": [], "name": []}
    for calendar in dict.fromkeys(feed.calendar for feed in rows.feeds):
        owner = rows.reference if calendars.is_continuous(calendar) else calendar
        spans = calendars.named_sessions(owner, low_us, high_us)
        lengths.append((statement.calendars[calendar], len(spans.start)))
        columns["start"] += spans.start.tolist()
        columns["end"] += spans.end.tolist()
        columns["name"] += spans.name
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
