"""Aggregates over time and over the whole range, against three slow lines."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeql.functions.plain import deviation, mean
from tapeql.functions.windows import AGGREGATES, over_all, over_time

SLOW: dict[str, Callable[[list[float]], float]] = {
    "avg": mean,
    "sum": math.fsum,
    "min": min,
    "max": max,
    "count": len,
    "median": statistics.median,
    "stddev": deviation,
}

values = st.one_of(st.none(), st.integers(-4, 4).map(lambda i: i / 10), st.floats(-1e9, 1e9))
rows = st.lists(st.tuples(st.integers(0, 30), values), max_size=50).map(lambda found: sorted(found, key=lambda r: r[0]))


def slow(aggregate: str, present: list[float]) -> float:
    return float(SLOW[aggregate](present)) if present or aggregate == "count" else math.nan


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_time_window_is_what_it_says(aggregate: str) -> None:
    """Of every row, the values with ts in (row.ts - us, row.ts], equal instants included, NULLs left out."""

    @settings(max_examples=150, deadline=None)
    @given(rows, st.integers(1, 40))
    def check(tape: list[tuple[int, float | None]], us: int) -> None:
        ts = np.array([t for t, _ in tape], dtype=np.int64)
        x = np.array([np.nan if v is None else v for _, v in tape], dtype=np.float64)
        expected = [slow(aggregate, [v for t, v in tape if now - us < t <= now and v is not None]) for now, _ in tape]
        found = over_time(aggregate, ts, x, us)
        scale = max((abs(v) for _, v in tape if v is not None), default=1.0)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(np.array(expected)))
        np.testing.assert_allclose(found, np.array(expected), rtol=0, atol=1e-12 * scale * 50)

    check()


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_whole_range_is_what_it_says(aggregate: str) -> None:
    """The rows the mask holds and nothing else, NULLs left out; of nothing only a count is known."""

    @settings(max_examples=150, deadline=None)
    @given(st.lists(st.tuples(st.booleans(), values), max_size=60))
    def check(tape: list[tuple[bool, float | None]]) -> None:
        mask = np.array([m for m, _ in tape], dtype=np.bool_)
        x = np.array([np.nan if v is None else v for _, v in tape], dtype=np.float64)
        expected = slow(aggregate, [v for m, v in tape if m and v is not None])
        found = over_all(aggregate, x, mask)
        assert math.isnan(found) == math.isnan(expected)
        scale = max((abs(v) for _, v in tape if v is not None), default=1.0)
        assert math.isnan(found) or abs(found - expected) <= 1e-12 * scale * 50

    check()


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_time_window_has_the_same_bits_wherever_the_series_starts(aggregate: str) -> None:
    """What lies before a window does not change one bit of its value, however wild it is."""
    rng = np.random.default_rng(8)
    ts = np.cumsum(rng.integers(0, 5, 3000)).astype(np.int64)
    x = 100 + rng.normal(0, 1, 3000)
    wild = x.copy()
    wild[:1000] = rng.normal(0, 1, 1000) * 10.0 ** rng.integers(-12, 200, 1000)
    us = 150
    start = int(np.searchsorted(ts, ts[1000] + us))
    expected = over_time(aggregate, ts[1000:], x[1000:], us)[start - 1000 :]
    np.testing.assert_array_equal(over_time(aggregate, ts, wild, us)[start:], expected)
    np.testing.assert_array_equal(over_time(aggregate, ts, x, us)[start:], expected)


def test_sums_do_not_drift() -> None:
    """A window after a huge value that has left it is exact."""
    ts = np.arange(1000, dtype=np.int64)
    x = np.full(1000, 0.1)
    x[0] = 1e20
    assert set(over_time("avg", ts, x, 10)[10:].tolist()) == {0.1}
    assert set(over_time("stddev", ts, x, 10)[10:].tolist()) == {0.0}
    assert over_all("sum", np.array([1e100, 1.0, -1e100, 0.0]), np.array([True, False, True, True])) == 0.0


def test_unknown_aggregate_is_refused() -> None:
    """A name that is no aggregate is an error, not an empty column."""
    with pytest.raises(ValueError, match="mode"):
        over_time("mode", np.array([1]), np.array([1.0]), 5)
    with pytest.raises(ValueError, match="mode"):
        over_all("mode", np.array([1.0]), np.array([True]))
