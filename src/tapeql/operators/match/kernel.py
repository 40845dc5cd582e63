"""Patterns over rows: two passes over each stretch of rows that may hold one, backwards and forwards.

Backwards each place of the pattern learns at which row a match that is there now could end at the earliest; forwards the
preferred way is taken that still ends, and ends in time. So no row is tried twice, whatever the pattern.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql import arrow
from tapeql.calendars.grid import ALWAYS, NEVER
from tapeql.errors import LimitError
from tapeql.kernels.context import Context
from tapeql.kernels.expressions import passes
from tapeql.kernels.frame import Frame, Vector, join, same
from tapeql.kernels.labels import opened
from tapeql.kernels.series import Series
from tapeql.operators.match import Match
from tapeql.operators.match.automaton import END, Automaton
from tapeql.query.nodes import Type
from tapeql.rows.nodes import Bars

Ints = npt.NDArray[np.int64]

_STEPS, _MARKET = "match.steps", "match.market"
"""Beside waiting rows: which steps each may be, a bit a step; since when its market is open."""


def run(step: Match, series: Series, context: Context) -> Iterator[Frame]:
    names = arrow.texts([each.name for each in step.steps])
    waiting: Frame | None = None
    matches = 0
    for frame in _told(step, series):
        context.cancel.check()
        whole = frame if waiting is None else join([waiting, frame])
        _check_memory(step, whole, context)
        starts, ends = _stretches(whole)
        last = len(starts) > 0 and ends[-1] == whole.length  # it may go on in the next frame
        found, matches = _matched(step, whole, starts[: len(starts) - last], ends, matches, names)
        waiting = whole.take(slice(int(starts[-1]), None)) if last else None
        if found is not None:
            yield found
    if waiting is not None:
        found, _ = _matched(step, waiting, *_stretches(waiting), matches, names)
        if found is not None:
            yield found


def _told(step: Match, series: Series) -> Iterator[Frame]:
    """Frames with which steps their rows may be, and their markets."""
    one_market = isinstance(series.rows, Bars) and series.rows.interval.is_calendar
    for frame in series.frames:
        if not frame.length:
            continue
        bits = np.zeros(frame.length, np.int64)
        for number, each in enumerate(step.steps):
            bits |= passes(each.expr, frame).astype(np.int64) << number
        ts = frame["ts"].values
        market = same(ALWAYS, len(ts), np.int64) if one_market else opened(series.feed.calendar, ts)
        yield frame.with_columns({_STEPS: Vector(Type.INT, bits), _MARKET: Vector(Type.INT, market)})


def _check_memory(step: Match, rows: Frame, context: Context) -> None:
    """Rows wait while a match may still go on; backwards each has a number for each place."""
    if rows.nbytes + rows.length * (8 * len(step.automaton.steps) + 64) > context.memory:
        raise LimitError(
            f"MATCH may find one match in more than {rows.length:,} rows, which need more memory than a query may use: "
            "ask for a shorter range, or make the steps of the pattern stricter",
            "QUERY_MEMORY_BYTES",
        )


def _stretches(rows: Frame) -> tuple[Ints, Ints]:
    """Where neighbouring rows lie that are some step, in one open market; a row of a closed one stands alone."""
    market = rows[_MARKET].values
    some = rows[_STEPS].values != 0
    joined = some[1:] & some[:-1] & (market[1:] == market[:-1]) & (market[1:] != NEVER)
    first = np.flatnonzero(some & np.append(True, ~joined))
    last = np.flatnonzero(some & np.append(~joined, True))
    return first, last + 1


def _matched(
    step: Match, rows: Frame, starts: Ints, ends: Ints, before: int, names: pa.Array
) -> tuple[Frame | None, int]:
    """The rows of all matches of some stretches, and how many matches there have been."""
    ends = ends[: len(starts)]
    long_enough = ends - starts >= step.automaton.least
    starts, lengths = starts[long_enough], (ends - starts)[long_enough]
    if not len(starts):
        return None, before
    at = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    stops = np.zeros(len(at), np.bool_)
    stops[np.cumsum(lengths) - 1] = True
    closes = rows["ts_close" if "ts_close" in rows.columns else "ts"].values
    chosen: list[int] = []
    numbers: list[int] = []
    steps: list[int] = []
    for first, found in _matches(
        step.automaton,
        rows[_STEPS].values[at].tolist(),
        stops.tolist(),
        rows["ts"].values[at].tolist(),
        closes[at].tolist(),
        step.within_us,
    ):
        before += 1
        chosen += range(first, first + len(found))
        numbers += [before] * len(found)
        steps += found
    if not chosen:
        return None, before
    kept = {name: vector for name, vector in rows.columns.items() if name not in (_STEPS, _MARKET)}
    labels = pa.DictionaryArray.from_arrays(arrow.array(np.array(steps), pa.int32()), names)
    told = {"match_id": Vector(Type.INT, np.array(numbers, np.int64)), "match_step": Vector(Type.STRING, labels)}
    return Frame(rows.length, kept).take(at[np.array(chosen)]).with_columns(told), before


def _matches(
    automaton: Automaton,
    bits: Sequence[int],
    stops: Sequence[bool],
    ts: Sequence[int],
    closes: Sequence[int],
    within_us: int | None,
) -> Iterator[tuple[int, list[int]]]:
    """The first row of each match, and the steps its rows are. `stops`: the last row of a stretch, behind which none goes on."""
    rows, follow, steps = len(bits), automaton.follow, automaton.steps
    earliest = _earliest(automaton, bits, stops)
    at = 0
    while at < rows:
        here = earliest[at]
        soonest = min([here[place] for place in automaton.first])
        last = rows - 1
        if soonest < rows and within_us is not None:
            last = bisect_right(closes, ts[at] + within_us, at) - 1
        if soonest > last:
            at += 1
            continue
        place = next(place for place in automaton.first if here[place] <= last)
        first, found = at, [steps[place]]
        while not stops[at] and (place := _next(follow[place], earliest[at + 1], last)) != END:
            found.append(steps[place])
            at += 1
        yield first, found
        at += 1


def _next(ways: Sequence[int], earliest: Sequence[int], last: int) -> int:
    """The preferred way that ends in time; there is one."""
    return next(way for way in ways if way == END or earliest[way] <= last)


def _earliest(automaton: Automaton, bits: Sequence[int], stops: Sequence[bool]) -> list[tuple[int, ...]]:
    """For each row and place: the first row at which a match can end that has this row there; beyond all rows where none can."""
    rows, count = len(bits), len(automaton.steps)
    never = (rows,) * count
    allowed: dict[int, tuple[list[int], list[tuple[int, int]], list[tuple[int, tuple[int, ...]]]]] = {}
    found = [never] * rows
    after = never
    for row in range(rows - 1, -1, -1):
        own = bits[row]
        if own not in allowed:
            allowed[own] = _allowed(automaton, own)
        if stops[row]:
            after = never
        here = [rows] * count
        ending, single, several = allowed[own]
        for place in ending:
            here[place] = row
        for place, way in single:
            here[place] = after[way]
        for place, ways in several:
            here[place] = min([after[way] for way in ways])
        found[row] = after = tuple(here)
    return found


def _allowed(
    automaton: Automaton, bits: int
) -> tuple[list[int], list[tuple[int, int]], list[tuple[int, tuple[int, ...]]]]:
    """The places a row may be: those where a match can end, those one other follows, those several may."""
    own = [(place, ways) for place, ways in enumerate(automaton.follow) if bits >> automaton.steps[place] & 1]
    return (
        [place for place, ways in own if END in ways],
        [(place, ways[0]) for place, ways in own if END not in ways and len(ways) == 1],
        [(place, ways) for place, ways in own if END not in ways and len(ways) > 1],
    )
