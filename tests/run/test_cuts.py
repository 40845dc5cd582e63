"""Sorted instants cut at the edges of a grid."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tapeql import calendars
from tapeql.kernels.cuts import _cut_by_rows, _cut_by_slots
from tapeql.query.nodes import Align, Interval

START = 1_741_564_800_000_000  # 2025-03-10T00:00Z, a day after a clock change
HOUR_US = 3_600_000_000


@given(
    st.lists(st.integers(0, 30 * HOUR_US), min_size=1, max_size=60),
    st.sampled_from(["24x7", "XNYS"]),
    st.sampled_from([60_000_000, 17 * 60_000_000, 5 * HOUR_US]),
    st.sampled_from(["session", "epoch"]),
    st.sampled_from([0, 11 * 60_000_000]),
)
def test_both_ways_of_cutting_agree(offsets: list[int], calendar: str, step: int, align: str, offset: int) -> None:
    """Looking edges up among rows and rows among slots cut alike, and every row lies in its bar."""
    ts = np.sort(np.array(offsets, dtype=np.int64)) + START
    grid = calendars.build_grid(
        calendar,
        Interval("x", step, 0, ""),
        int(ts[0]),
        int(ts[-1]) + 1,
        zone="UTC",
        reference="XNYS",
        sessions=(),
        align=Align(align, offset_us=offset),
    )
    one, other = _cut_by_slots(grid, ts), _cut_by_rows(grid, ts)
    for mine, theirs in zip(one, other, strict=True):
        assert list(mine) == list(theirs)
    assert sum(one.last - one.first) == len(ts)
    for first, last, opening, closing, _ in zip(*one, strict=True):
        assert (ts[first:last] >= opening).all()
        assert (ts[first:last] < closing).all()
