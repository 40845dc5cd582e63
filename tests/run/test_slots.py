"""Reductions between the edges of slots."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tapeql.kernels.slots import Pieces, piecewise


@st.composite
def cuts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.array(draw(st.lists(st.integers(-9, 9), min_size=1, max_size=30)), dtype=np.float64)
    edges = sorted(draw(st.lists(st.integers(0, len(values)), max_size=12)))
    pairs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False) if b > a]
    first = np.array([a for a, _ in pairs], dtype=np.intp)
    last = np.array([b for _, b in pairs], dtype=np.intp)
    return values, first, last


@given(cuts())
def test_pieces_leave_out_what_lies_between(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """A piece sums its own elements only, whatever lies between pieces or behind the last."""
    values, first, last = drawn
    summed = Pieces(first, last, len(values)).reduce(np.add, values)
    assert list(summed) == [values[a:b].sum() for a, b in zip(first, last, strict=True)]


@given(cuts())
def test_gapless_pieces_cover_the_array(drawn: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Pieces without gaps give the extremes of each stretch."""
    values, first, _ = drawn
    starts = np.unique(np.append(first, 0))
    ends = np.append(starts[1:], len(values))
    highest = Pieces(starts, ends, len(values)).reduce(np.maximum, values)
    assert list(highest) == [values[a:b].max() for a, b in zip(starts, ends, strict=True)]


def test_empty_ranges_are_zero() -> None:
    """A range without elements sums to 0, also at the very end of the array."""
    values = np.array([1.0, 2.0, 4.0])
    first, last = np.array([0, 1, 3, 2]), np.array([1, 1, 3, 3])
    assert list(piecewise(np.add, values, first, last)) == [1.0, 0.0, 0.0, 4.0]
