"""Every entry of the registry, found by itself, against its own plain-Python answer and its own promises."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeql.functions.plain import deviation, mean, wilder
from tapeql.functions.registry import Function, functions

ENTRIES = list(functions().values())
WITH_KERNEL = [f for f in ENTRIES if f.kernel is not None]
RECURSIVE = [
    f for f in ENTRIES if f.warmup([p.default or 7 for p in f.params]) > f.lookback([p.default or 7 for p in f.params])
]


CUMULATIVE = [f for f in ENTRIES if f.cumulative]
EXACT = [f for f in WITH_KERNEL if f not in RECURSIVE and f not in CUMULATIVE]
"""Those that look at a window of rows."""


def arrays(columns: Sequence[Sequence[float | None]]) -> list[np.ndarray]:
    return [np.array([np.nan if v is None else v for v in column], dtype=np.float64) for column in columns]


def compute(entry: Function, inputs: Sequence[np.ndarray], params: Sequence[float]) -> list[np.ndarray]:
    """The entry's answer: of its kernel, or for a formula (computed by the engine) of its oracle."""
    if entry.kernel is not None:
        return list(entry.kernel(inputs, params))
    columns = [[None if math.isnan(v) else float(v) for v in x] for x in inputs]
    return arrays(entry.oracle(columns, params))


def tape(rng: np.random.Generator, rows: int, inputs: int) -> list[np.ndarray]:
    """Columns that look like a market: one walk, each column a little off it."""
    walk = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, rows)))
    return [walk * (1 + rng.normal(0, 0.003, rows)) for _ in range(inputs)]


def scale_of(entry: Function, inputs: Sequence[np.ndarray], params: Sequence[float]) -> float:
    """What 1e-10 is a part of: the range of the inputs; an index divides by a mean move, so its scale grows with the
    ratio of the largest move there was to the mean move there is now."""
    if entry.unit != "index":
        return max(float(np.max(x)) for x in inputs)
    moves = np.abs(np.diff(inputs[0]))
    now = [m for m in wilder(moves.tolist(), int(params[0]))[-50:] if m is not None]
    return 100 * float(np.max(moves)) / min(now)


@st.composite
def cases(draw: st.DrawFn, entry: Function) -> tuple[list[list[float | None]], list[float]]:
    small = {"max_value": 9}
    params = [
        draw(st.integers(int(p.minimum), **small)) if p.kind is int else draw(st.floats(p.minimum, 4))
        for p in entry.params
    ]
    value = draw(
        st.sampled_from(
            [
                st.integers(1, 4).map(lambda i: i / 10),
                st.floats(0.01, 1000),
                st.floats(-1e12, 1e12).map(lambda v: round(v, 3)),
            ]
        )
    )
    rows = draw(st.integers(0, 60))
    some = st.one_of(st.none(), value, value, value, value, value, value)
    cell = draw(st.sampled_from([value, some]))
    return [draw(st.lists(cell, min_size=rows, max_size=rows)) for _ in entry.inputs], params


@pytest.mark.parametrize("entry", WITH_KERNEL, ids=lambda f: f.name)
def test_kernel_gives_what_plain_python_gives(entry: Function) -> None:
    """A kernel and its oracle agree on any series, with NULLs, short, flat or wild."""
    tolerance = 1e-9 if entry in RECURSIVE else 1e-12

    @settings(max_examples=60, deadline=None)
    @given(cases(entry))
    def check(case: tuple[list[list[float | None]], list[float]]) -> None:
        columns, params = case
        assert entry.kernel is not None
        found = entry.kernel(arrays(columns), params)
        expected = arrays(entry.oracle(columns, params))
        assert len(found) == len(expected) == len(entry.outputs)
        scale = max((abs(v) for column in columns for v in column if v is not None), default=1.0) * max(1, *params, 1)
        scale = 100.0 if entry.unit == "index" else scale
        for got, wanted in zip(found, expected, strict=True):
            assert got.dtype == np.float64
            assert len(got) == len(columns[0])
            np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
            np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * scale)

    check()


@pytest.mark.parametrize("entry", [f for f in EXACT if f.name != "bbands"], ids=lambda f: f.name)
def test_window_of_prices_agrees_to_the_last_bit(entry: Function) -> None:
    """Windows over decimal prices are correctly rounded, so comparing a price with its mean has one answer."""
    rng = np.random.default_rng(11)
    for n in (1, 2, 3, 7, 20, 21, 63):
        x = np.round(tape(rng, 300, 1)[0], 2)
        assert entry.kernel is not None
        (found,), (expected,) = entry.kernel([x], [n]), arrays(entry.oracle([x.tolist()], [n]))
        if entry.name == "stddev":
            np.testing.assert_allclose(found, expected, rtol=1e-14, atol=0)
        else:
            np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda f: f.name)
@pytest.mark.parametrize("n", [2, 3, 14, 50])
def test_lookback_is_the_row_of_the_first_value(entry: Function, n: int) -> None:
    """On a series without NULLs exactly the first `lookback` rows are NULL."""
    params = [n + i if p.kind is int else 1.5 for i, p in enumerate(entry.params)]
    rows = entry.lookback(params) + 40
    for output in compute(entry, tape(np.random.default_rng(n), rows, len(entry.inputs)), params):
        np.testing.assert_array_equal(np.isnan(output), np.arange(rows) < entry.lookback(params))


@pytest.mark.parametrize("entry", [f for f in ENTRIES if f not in CUMULATIVE], ids=lambda f: f.name)
@pytest.mark.parametrize("n", [2, 5, 14, 30])
def test_older_rows_than_warmup_do_not_matter(entry: Function, n: int) -> None:
    """With `warmup` rows before it a row has the value it has with all history, to 1e-10 of the scale."""
    rng = np.random.default_rng(n)
    params = [n + i if p.kind is int else 1.5 for i, p in enumerate(entry.params)]
    warmup = entry.warmup(params)
    kept = tape(rng, warmup + 50, len(entry.inputs))
    history = [3 * column for column in tape(rng, 400, len(entry.inputs))]
    whole = compute(entry, [np.concatenate(pair) for pair in zip(history, kept, strict=True)], params)
    scale = scale_of(entry, [np.concatenate(pair) for pair in zip(history, kept, strict=True)], params)
    for all_of_it, late in zip(whole, compute(entry, kept, params), strict=True):
        difference = np.abs(all_of_it[-50:] - late[-50:])
        assert not np.isnan(difference).any()
        assert difference.max() < 1e-10 * scale


@pytest.mark.parametrize("entry", RECURSIVE, ids=lambda f: f.name)
@pytest.mark.parametrize("n", [5, 14, 30])
def test_warmup_is_not_far_too_long(entry: Function, n: int) -> None:
    """A third fewer rows than `warmup` and older data does show: the promise is not kept by reading everything."""
    rng = np.random.default_rng(n)
    params = [n + i for i, _ in enumerate(entry.params)]
    rows = entry.warmup(params) * 2 // 3
    kept = tape(rng, rows + 1, len(entry.inputs))
    history = [3 * column for column in tape(rng, 400, len(entry.inputs))]
    whole = compute(entry, [np.concatenate(pair) for pair in zip(history, kept, strict=True)], params)
    scale = scale_of(entry, [np.concatenate(pair) for pair in zip(history, kept, strict=True)], params)
    moved = [abs(a[-1] - b[-1]) for a, b in zip(whole, compute(entry, kept, params), strict=True)]
    assert max(moved) > 1e-10 * scale


@pytest.mark.parametrize("entry", EXACT, ids=lambda f: f.name)
def test_window_has_the_same_bits_wherever_the_series_starts(entry: Function) -> None:
    """Rows before a window do not change one bit of its value, however wild they are."""
    rng = np.random.default_rng(5)
    for n in (3, 20, 37):
        params = [n if p.kind is int else 2.0 for p in entry.params]
        kept = tape(rng, 20_000, len(entry.inputs))
        expected = compute(entry, kept, params)
        for before in (1, 777, 16_384):
            history = [rng.normal(0, 1, before) * 10.0 ** rng.integers(-12, 200, before) for _ in kept]
            longer = [np.concatenate(pair) for pair in zip(history, kept, strict=True)]
            for found, wanted in zip(compute(entry, longer, params), expected, strict=True):
                np.testing.assert_array_equal(found[before + n - 1 :], wanted[n - 1 :])


def test_sums_past_the_largest_double_are_null() -> None:
    """Overflow in one window is NULL there and nowhere else."""
    entry = functions()["sum"]
    assert entry.kernel is not None
    (found,) = entry.kernel([np.array([1e308, 1e308, 1.0, 2.0])], [2])
    np.testing.assert_array_equal(found, [np.nan, np.nan, 1e308, 3.0])


@pytest.mark.parametrize("n", [8192, 8193, 20_000])
def test_windows_longer_than_a_piece_are_whole(n: int) -> None:
    """The pieces a series is worked on in do not show, however long the window."""
    x = np.round(tape(np.random.default_rng(2), 45_000, 1)[0], 2)
    for name, plain in (("avg", mean), ("sum", math.fsum), ("min", min), ("max", max), ("stddev", deviation)):
        entry = functions()[name]
        assert entry.kernel is not None
        (found,) = entry.kernel([x], [n])
        for row in (n - 1, n, 2 * n, 44_999):
            assert found[row] == pytest.approx(plain(x[row - n + 1 : row + 1].tolist()), rel=1e-13)


@pytest.mark.parametrize("entry", WITH_KERNEL, ids=lambda f: f.name)
def test_kernel_leaves_its_inputs_alone(entry: Function) -> None:
    """A kernel does not write into what it was given."""
    inputs = tape(np.random.default_rng(0), 100, len(entry.inputs))
    inputs[0][10] = np.nan
    copies = [x.copy() for x in inputs]
    compute(entry, inputs, [p.default or 5 for p in entry.params])
    for x, copy in zip(inputs, copies, strict=True):
        np.testing.assert_array_equal(x, copy)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda f: f.name)
def test_entry_can_be_described(entry: Function) -> None:
    """What DESCRIBE prints is there, and lookback and warm-up are whole rows in order."""
    assert all((entry.title, entry.definition, entry.reference, entry.nulls, entry.outputs))
    assert len(set(entry.outputs)) == len(entry.outputs)
    params = [p.default or 9 for p in entry.params]
    assert isinstance(entry.lookback(params), int)
    assert isinstance(entry.warmup(params), int)
    assert 0 <= entry.lookback(params) <= entry.warmup(params)
    assert all(p.default is None or p.minimum <= p.default <= p.maximum for p in entry.params)
