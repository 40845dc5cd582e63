"""Sets of time as sorted, disjoint, half-open spans: int64 arrays of starts and ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Instants = npt.NDArray[np.int64]


class Spans(NamedTuple):
    """Half-open spans in microseconds."""

    start: Instants
    end: Instants

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Spans:
        """Spans in any order, which may overlap or be empty."""
        listed = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        return joined(listed[:, 0], listed[:, 1])

    def at(self, instants: Instants) -> npt.NDArray[np.bool_]:
        """Whether each instant lies in a span."""
        index = np.searchsorted(self.start, instants, side="right") - 1
        return (index >= 0) & (instants < np.append(self.end, 0)[index])

    def within(self, start: Instants, end: Instants) -> Instants:
        """How much of each stretch [start, end) the spans hold, in microseconds."""
        lengths = np.append(0, np.cumsum(self.end - self.start))

        def before(instants: Instants) -> Instants:
            index = np.searchsorted(self.start, instants, side="right")
            over = np.maximum(np.append(0, self.end)[index] - instants, 0)
            return lengths[index] - np.where(index > 0, over, 0)

        return before(end) - before(start)

    def clipped(self, low: int, high: int) -> Spans:
        """The part of them in [low, high)."""
        start, end = np.maximum(self.start, low), np.minimum(self.end, high)
        return Spans(start[start < end], end[start < end])


NOWHERE = Spans(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def joined(start: Instants, end: Instants) -> Spans:
    """Spans sorted by start, without those that are empty; touching ones become one."""
    start, end = start[start < end], end[start < end]
    if len(start) == 0:
        return NOWHERE
    reach = np.maximum.accumulate(end)
    new = np.append(True, start[1:] > reach[:-1])
    last = np.append(np.flatnonzero(new)[1:], len(start)) - 1
    return Spans(start[new], reach[last])


def union(*sets: Spans) -> Spans:
    start = np.concatenate([s.start for s in sets]) if sets else NOWHERE.start
    end = np.concatenate([s.end for s in sets]) if sets else NOWHERE.end
    order = np.argsort(start, kind="stable")
    return joined(start[order], end[order])


def without(spans: Spans, other: Spans) -> Spans:
    """What of the spans lies in none of the other."""
    edges = np.unique(np.concatenate([*spans, *other]))
    start, end = edges[:-1], edges[1:]
    kept = spans.at(start) & ~other.at(start)
    return joined(start[kept], end[kept])
