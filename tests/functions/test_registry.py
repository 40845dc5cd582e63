"""The registry and the defaults traders rely on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tapeql.functions.registry import functions


def test_first_functions_are_there() -> None:
    """Each name the first part of the language promises is an entry, under its own name."""
    wanted = "sma ema stddev highest lowest rvol returns gap_pct rsi atr macd bbands avg sum min max count median"
    assert set(wanted.split()) <= set(functions())
    assert all(name == entry.name for name, entry in functions().items())


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("sma", ["close"]),
        ("atr", ["high", "low", "close"]),
        ("rvol", ["volume"]),
        ("highest", ["high"]),
        ("lowest", ["low"]),
        ("gap_pct", ["open", "close"]),
        ("avg", [None]),
    ],
)
def test_inputs_left_out_are_those_of_talib_and_pine(name: str, inputs: list[str | None]) -> None:
    """`sma(20)` is of the close, `atr(14)` of high, low, close; a plain aggregate must be told what to aggregate."""
    assert [i.default for i in functions()[name].inputs] == inputs


@pytest.mark.parametrize(
    ("name", "params", "low", "high"),
    [("rsi", (14,), 300, 330), ("atr", (14,), 300, 330), ("ema", (20,), 230, 260), ("sma", (20,), 19, 19)],
)
def test_warmup_is_about_what_the_smoothing_says(name: str, params: tuple[int, ...], low: int, high: int) -> None:
    """rsi(14) remembers some 310 rows; a window remembers itself."""
    assert low <= functions()[name].warmup(params) <= high


def test_finding_the_functions_imports_nothing_heavy() -> None:
    """The registry is read for `--help` and completion, so TA-Lib and pandas wait until something is computed."""
    code = (
        "import sys; from tapeql.functions.registry import functions; functions(); import tapeql.functions.scalars, "
        "tapeql.functions.windows; print([m for m in ('talib', 'pandas', 'pyarrow', 'duckdb') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert found.stdout.strip() == "[]"
