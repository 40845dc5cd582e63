"""Session labels of rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tapeql import arrow, calendars
from tapeql.calendars.grid import ALWAYS, NEVER
from tapeql.kernels.frame import Vector, same
from tapeql.query.nodes import ANY_INTRADAY, Align, Type

Instants = npt.NDArray[np.int64]


def session_vector(calendar: str, reference: str, start: Instants, end: Instants | None) -> Vector:
    """The named session in which [start, end), or the instant `start`, lies wholly; NULL outside all of them.

    Instants are given in order.
    """
    if end is None:
        owner = reference if calendars.is_continuous(calendar) else calendar
        spans = calendars.named_sessions(owner, int(start[0]), int(start[-1]) + 1)
        index = placed(start, spans.start, spans.end)
    else:
        index, spans = calendars.row_sessions(calendar, reference, start, end)
    names = sorted(set(spans.name))
    codes = np.array([names.index(name) for name in spans.name] or [0], dtype=np.int32)[np.maximum(index, 0)]
    labels = pa.DictionaryArray.from_arrays(arrow.array(codes, pa.int32(), index >= 0), arrow.texts(names or [""]))
    return Vector(Type.STRING, labels)


def opened(calendar: str, instants: Instants) -> Instants:
    """When the market opened that is open at each of some sorted instants: ALWAYS where it never closes, NEVER where it is closed."""
    if calendars.is_continuous(calendar) or not len(instants):
        return same(ALWAYS, len(instants), np.int64)
    low, high = calendars.widened(int(instants[0]), int(instants[-1]) + 1)
    grid = calendars.build_grid(
        calendar, ANY_INTRADAY, low, high, zone="UTC", reference="XNYS", sessions=(), align=Align()
    )
    return np.append(grid.market_open, NEVER)[placed(instants, grid.start, grid.end)]


def placed(instants: Instants, start: Instants, end: Instants) -> Instants:
    """For each of some sorted instants the number of the span [start, end) it lies in, -1 outside; spans are disjoint."""
    return np.repeat(*runs(instants, start, end))


def runs(instants: Instants, start: Instants, end: Instants) -> tuple[Instants, Instants]:
    """`placed` as runs: the numbers in order, and how many instants have each.

    The few edges near them are looked up among the many instants, not the other way round.
    """
    first = last = 0
    if len(instants):
        first, last = (
            int(np.searchsorted(end, instants[0], "right")),
            int(np.searchsorted(start, instants[-1], "right")),
        )
    start, end = start[first:last], end[first:last]
    cuts = np.empty(2 * len(start) + 2, dtype=np.int64)
    cuts[0], cuts[-1] = 0, len(instants)
    cuts[1:-1:2], cuts[2:-1:2] = np.searchsorted(instants, start), np.searchsorted(instants, end)
    numbers = np.full(len(cuts) - 1, -1)
    numbers[1::2] = np.arange(first, first + len(start))
    return numbers, np.diff(cuts)
