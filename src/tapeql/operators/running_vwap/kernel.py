"""Running sums: those of the pieces between the edges of bars and anchors, added up from the anchor on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tapeql import calendars
from tapeql.calendars.grid import NO_DATE, Grid
from tapeql.kernels.bars import grid_of, last_close
from tapeql.kernels.context import Context
from tapeql.kernels.cuts import cut
from tapeql.kernels.expressions import finite
from tapeql.kernels.frame import Frame, Vector
from tapeql.kernels.labels import placed
from tapeql.kernels.series import Series
from tapeql.kernels.trades import trades_in
from tapeql.operators.running_vwap import RunningVwap
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import SEQUENCE_US, Align, Interval, OfAnchor, SessionSpec, Type
from tapeql.rows.nodes import Bars, Feed

Floats = npt.NDArray[np.float64]
Instants = npt.NDArray[np.int64]

_SEQUENCE = Interval("session", SEQUENCE_US, 0, "")
_FURTHEST_US = {
    "session": 12 * DAY_US,
    "time": 12 * DAY_US,
    "day": 12 * DAY_US,
    "week": 20 * DAY_US,
    "month": 45 * DAY_US,
}
"""How long before an instant its anchor can lie at most, closed markets included."""


class Periods(NamedTuple):
    """Stretches of time [start, end), and which anchor's each is, counted."""

    start: Instants
    end: Instants
    number: Instants


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """After each piece, which begins at `ts`: the number of its anchor, and what has been since it."""

    ts: Instants
    period: Instants
    vwap: Floats
    deviation: Floats


def run(step: RunningVwap, series: Series, context: Context) -> Iterator[Frame]:
    assert isinstance(series.rows, Bars)
    bars, feed = series.rows, series.feed
    periods = periods_of(step.of, bars, feed)
    sums = _running(bars, feed, periods, context)
    for frame in series.frames:
        ends = frame["ts_close"].values
        at = np.searchsorted(sums.ts, ends) - 1
        own = placed(np.maximum(ends - 1, frame["ts"].values), periods.start, periods.end)
        known = (at >= 0) & (own >= 0)
        known[known] = sums.period[at[known]] == periods.number[own[known]]
        more = {}
        for measure in step.measures:
            side, _, width = measure.name.partition(".")
            far = float(width or 0) * (1 if side == "upper" else -1)
            values = np.full(frame.length, np.nan)
            with np.errstate(over="ignore"):
                values[known] = sums.vwap[at[known]] + (far * sums.deviation[at[known]] if width else 0)
            more[measure.key] = Vector(Type.FLOAT, finite(values))
        yield frame.with_columns(more)


def periods_of(of: OfAnchor, bars: Bars, feed: Feed) -> Periods:
    """The time that the bars' trades may lie in, by anchors."""
    sessions = bars.sessions
    if bars.interval.is_calendar and not sessions and not calendars.is_continuous(feed.calendar):
        sessions = (SessionSpec("regular"),)
    low = feed.start_us - _FURTHEST_US[of.kind]
    if not calendars.is_continuous(feed.calendar):
        low = max(low, calendars.known_range(feed.calendar)[0])
    grid = calendars.build_grid(
        feed.calendar,
        _SEQUENCE,
        low,
        max(last_close(grid_of(bars, feed), feed.end_us), feed.end_us),
        zone=bars.zone,
        reference=bars.reference,
        sessions=sessions,
        align=Align("time", of.time_us) if of.kind == "time" else Align(),
    )
    label = grid.origin if of.kind in ("session", "time") else _units(of.kind, grid)
    return Periods(grid.start, grid.end, np.cumsum(np.append(True, label[1:] != label[:-1])))


def _units(kind: str, grid: Grid) -> Instants:
    """The day, week or month of each segment; a closed market belongs to the one before it."""
    known = np.maximum.accumulate(np.where(grid.session_date == NO_DATE, -1, np.arange(len(grid))))
    dates = np.where(known >= 0, grid.session_date[np.maximum(known, 0)], NO_DATE)
    match kind:
        case "week":
            return np.asarray((dates + 3) // 7)
        case "month":
            return dates.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        case _:
            return np.asarray(dates)


def _running(bars: Bars, feed: Feed, periods: Periods, context: Context) -> Running:
    """The pieces of all trades since the anchor before the range. Prices are taken from the first of their anchor, which keeps
    the small differences between them."""
    grid = grid_of(bars, replace(feed, start_us=int(periods.start[0]))) if len(periods.start) else None
    found: list[tuple[Instants, Instants, Floats, Floats, Floats, Floats]] = []
    first_of: dict[int, float] = {}
    start, end = _span(bars, feed, periods)
    for trades in trades_in(bars, feed, context, start, end):
        if trades.volume_counts is not None:
            trades = trades[trades.volume_counts]
        own = placed(trades.ts, periods.start, periods.end)
        if not (own >= 0).all():
            trades, own = trades[own >= 0], own[own >= 0]
        if len(trades) == 0 or grid is None:
            continue
        number = periods.number[own]
        edges = np.union1d(cut(grid, trades.ts).first, np.flatnonzero(np.append(True, number[1:] != number[:-1])))
        begins = np.append(0, np.flatnonzero(number[1:] != number[:-1]) + 1)
        for n, price in zip(number[begins].tolist(), trades.price[begins].tolist(), strict=True):
            first_of.setdefault(n, price)
        lengths = np.diff(begins, append=len(number))
        base = np.repeat([first_of[n] for n in number[begins].tolist()], lengths)
        apart = trades.price - base
        with np.errstate(over="ignore"):
            weighted = trades.quantity * apart
            quantity, first, second = (np.add.reduceat(x, edges) for x in (trades.quantity, weighted, weighted * apart))
        found.append((trades.ts[edges], number[edges], quantity, first, second, base[edges]))
    if not found:
        none = np.empty(0)
        return Running(none.astype(np.int64), none.astype(np.int64), none, none)
    ts, period, quantity, first, second, base = (np.concatenate(columns) for columns in zip(*found, strict=True))
    new = np.flatnonzero(np.append(True, period[1:] != period[:-1]))
    for each in (quantity, first, second):
        for low, high in zip(new, [*new[1:], len(period)], strict=True):
            np.cumsum(each[low:high], out=each[low:high])
    with np.errstate(all="ignore"):
        mean = first / quantity
        deviation = np.sqrt(np.maximum(second / quantity - mean * mean, 0))
    return Running(ts, period, base + mean, deviation)


def _span(bars: Bars, feed: Feed, periods: Periods) -> tuple[int, int]:
    """From the anchor before the range to the end of its last bar."""
    end = last_close(grid_of(bars, feed), feed.end_us)
    at = int(np.searchsorted(periods.start, feed.start_us, side="right")) - 1
    if at < 0:
        return feed.start_us, end
    return int(periods.start[np.searchsorted(periods.number, periods.number[at])]), end
