"""Where TA-Lib and we share a name, the numbers are TA-Lib's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import talib

from tapeql.functions.registry import functions

SHARED: dict[str, tuple[tuple[float, ...], Callable[..., object]]] = {
    "sma": ((20,), lambda high, low, close: talib.SMA(close, 20)),
    "avg": ((7,), lambda high, low, close: talib.SMA(close, 7)),
    "sum": ((7,), lambda high, low, close: talib.SUM(close, 7)),
    "ema": ((20,), lambda high, low, close: talib.EMA(close, 20)),
    "stddev": ((20,), lambda high, low, close: talib.STDDEV(close, 20, 1)),
    "highest": ((20,), lambda high, low, close: talib.MAX(high, 20)),
    "lowest": ((20,), lambda high, low, close: talib.MIN(low, 20)),
    "max": ((9,), lambda high, low, close: talib.MAX(close, 9)),
    "min": ((9,), lambda high, low, close: talib.MIN(close, 9)),
    "rsi": ((14,), lambda high, low, close: talib.RSI(close, 14)),
    "atr": ((14,), lambda high, low, close: talib.ATR(high, low, close, 14)),
    "macd": ((12, 26, 9), lambda high, low, close: talib.MACD(close, 12, 26, 9)),
    "bbands": ((20, 2.0), lambda high, low, close: talib.BBANDS(close, 20, 2, 2)),
    "returns": ((3,), lambda high, low, close: talib.ROCP(close, 3)),
}


def market(rows: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    close = 50 * np.exp(np.cumsum(rng.normal(0, 0.01, rows)))
    return {
        "high": close * (1 + np.abs(rng.normal(0, 0.004, rows))),
        "low": close * (1 - np.abs(rng.normal(0, 0.004, rows))),
        "close": close,
    }


@pytest.mark.parametrize("name", SHARED)
def test_numbers_are_talibs(name: str) -> None:
    """Kernel, oracle and TA-Lib called directly agree, on the row of the first value too."""
    columns, entry = market(400), functions()[name]
    params, direct = SHARED[name]
    answer = direct(**columns)
    expected = answer if isinstance(answer, tuple | list) else (answer,)
    inputs = [columns[i.default or "close"] for i in entry.inputs]
    plain = [np.array(c, dtype=np.float64) for c in entry.oracle([x.tolist() for x in inputs], params)]
    found = [plain] if entry.kernel is None else [plain, entry.kernel(inputs, params)]
    for outputs in found:
        for got, wanted in zip(outputs, expected, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)


def test_flat_market_deviates_by_nothing() -> None:
    """Of equal prices the mean is that price and the deviation is 0, where running sums leave dust."""
    flat = np.full(500, 0.1)
    for n in (3, 7, 10, 20, 63):
        for name, expected in (("sma", 0.1), ("stddev", 0.0)):
            kernel = functions()[name].kernel
            assert kernel is not None
            assert set(kernel([flat], [n])[0][n - 1 :].tolist()) == {expected}
    assert talib.SMA(flat, 10)[-1] != 0.1


def test_old_outlier_leaves_no_trace() -> None:
    """A window knows nothing of a value that has left it; a running sum never forgets."""
    x = np.concatenate([[1e17], np.arange(1.0, 40.0)])
    kernel = functions()["sma"].kernel
    assert kernel is not None
    np.testing.assert_array_equal(kernel([x], [3])[0][4:], np.arange(3.0, 39.0) - 0.0)
    assert abs(talib.SMA(x, 3)[-1] - 38.0) > 0.1


def test_rsi_of_a_market_that_never_moved_is_0() -> None:
    """TA-Lib's answer to 0 / 0 is kept."""
    kernel = functions()["rsi"].kernel
    assert kernel is not None
    assert kernel([np.full(30, 5.0)], [14])[0][-1] == 0.0


def test_recursive_function_keeps_its_state_across_a_null() -> None:
    """A NULL row is NULL, and the rows after it go on as if it had not been there."""
    close = market(120)["close"]
    holed = np.insert(close, 60, np.nan)
    for name, params in (("ema", [10]), ("rsi", [14]), ("macd", [5, 9, 4])):
        kernel = functions()[name].kernel
        assert kernel is not None
        for with_hole, without in zip(kernel([holed], params), kernel([close], params), strict=True):
            assert np.isnan(with_hole[60])
            np.testing.assert_array_equal(np.delete(with_hole, 60), without)
