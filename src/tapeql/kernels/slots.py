"""Sums, extremes, firsts and lasts of sorted arrays between the edges of slots."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]


class Pieces:
    """Half-open index ranges [first, last) of an array of `length` elements, sorted, disjoint, none empty.

    `reduceat` runs to the next index, so where pieces leave elements out both edges are given and every second
    result is taken.
    """

    def __init__(self, first: Indices, last: Indices, length: int) -> None:
        self.first = first
        self.last = last
        gapless = len(first) > 0 and last[-1] == length and bool(np.array_equal(last[:-1], first[1:]))
        self._single = gapless and len(first) == length
        self._every = 1 if gapless else 2
        self._edges: Indices = first
        if not gapless:
            edges = np.empty(2 * len(first), dtype=np.intp)
            edges[::2], edges[1::2] = first, last
            self._edges = edges[:-1] if len(edges) and edges[-1] == length else edges

    def reduce(self, how: np.ufunc, values: npt.NDArray[Any]) -> Any:
        """One result a piece."""
        if len(self.first) == 0:
            return np.empty(0, dtype=values.dtype)
        if self._single:
            return values
        return how.reduceat(values, self._edges)[:: self._every]


def piecewise(how: np.ufunc, values: Floats, first: Indices, last: Indices) -> Floats:
    """The reduction of values[first:last] for each pair of indices in order, 0 where a range is empty."""
    out = np.zeros(len(first))
    some = last > first
    if some.any():
        out[some] = Pieces(first[some], last[some], len(values)).reduce(how, values)
    return out
