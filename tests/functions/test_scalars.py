"""Row-wise mathematics against plain Python, and the decisions users will ask about."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeql.functions.scalars import SCALARS, ScalarFunction

numbers = st.one_of(
    st.none(),
    st.integers(-5, 5).map(float),
    st.integers(-400, 400).map(lambda i: i / 8),
    st.floats(-1e3, 1e3),
    st.floats(allow_nan=False, allow_infinity=False),
)


@pytest.mark.parametrize("function", SCALARS.values(), ids=lambda f: f.name)
def test_arrays_give_what_plain_python_gives(function: ScalarFunction) -> None:
    """Kernel and oracle agree on all doubles, and neither ever gives NaN or infinity."""
    most = function.most or 4

    @settings(max_examples=150, deadline=None)
    @given(
        st.integers(function.fewest, most).flatmap(
            lambda n: st.lists(st.lists(numbers, min_size=n, max_size=n), min_size=1, max_size=20)
        )
    )
    def check(rows: list[list[float | None]]) -> None:
        columns = [np.array([np.nan if v is None else v for v in c]) for c in zip(*rows, strict=True)]
        found = function.kernel(columns)
        expected = [function.oracle(row) for row in rows]
        assert not np.isinf(found).any()
        wanted = np.array([np.nan if v is None else v for v in expected], dtype=np.float64)
        np.testing.assert_allclose(found, wanted, rtol=4e-15, atol=0)

    check()


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("round", [0.5], 1.0),
        ("round", [-0.5], -1.0),
        ("round", [2.5], 3.0),
        ("round", [0.49999999999999994], 0.0),
        ("round", [1.25, 1], 1.3),
        ("round", [-1.25, 1], -1.3),
        ("round", [2.345, 2], 2.35),
        ("round", [1250.0, -2], 1300.0),
        ("round", [1e300, 200], 1e300),
        ("round", [None, 2], None),
        ("mod", [-7.0, 3.0], -1.0),
        ("mod", [7.0, -3.0], 1.0),
        ("mod", [7.0, 0.0], None),
        ("sqrt", [-1.0], None),
        ("ln", [0.0], None),
        ("log10", [1000.0], 3.0),
        ("exp", [1000.0], None),
        ("pow", [0.0, -1.0], None),
        ("pow", [-8.0, 0.5], None),
        ("pow", [None, 0.0], None),
        ("pow", [1.0, None], None),
        ("pow", [10.0, 400.0], None),
        ("sign", [-0.0], 0.0),
        ("greatest", [1.0, None, 3.0], None),
        ("least", [1.0, 2.0, -3.0], -3.0),
        ("coalesce", [None, None, 3.0], 3.0),
        ("coalesce", [None], None),
        ("nullif", [2.0, 2.0], None),
        ("nullif", [2.0, None], 2.0),
        ("nullif", [None, 2.0], None),
    ],
)
def test_decisions(name: str, arguments: list[float | None], expected: float | None) -> None:
    """Halves go away from zero, a remainder has the sign of what was divided, what has no answer is NULL."""
    function = SCALARS[name]
    (found,) = function.kernel([np.array([np.nan if v is None else v]) for v in arguments])
    assert function.oracle(arguments) == expected
    assert (None if math.isnan(found) else float(found)) == expected


def test_no_negative_zero_is_made() -> None:
    """ceil(-0.5) prints as 0, not -0."""
    for name, x in (("ceil", -0.5), ("round", -0.2), ("sign", -0.0)):
        assert math.copysign(1, SCALARS[name].kernel([np.array([x])])[0]) == 1
