"""DESCRIBE."""

from __future__ import annotations

import pytest

from tapeql.errors import QueryError, Span
from tapeql.functions.registry import functions
from tapeql.functions.scalars import SCALARS
from tapeql.query.columns import KINDS
from tapeql.words.describe import describe, facts


def test_a_function_is_described_whole() -> None:
    """Inputs, parameters with ranges, outputs, formula, lookback, warm-up, NULL rule and reference."""
    found = dict(facts("RSI"))
    assert found["call"] == "rsi([close,] n = 14)"
    assert found["parameter"] == "n: whole number from 2 to 100000, 14 when left out"
    assert found["outputs"] == "rsi"
    assert found["lookback"].startswith("14 rows")
    assert "1e-10" in found["unstable"]
    assert {"formula", "NULL", "reference", "warm-up", "input", "unit"} <= found.keys()


def test_everything_named_is_described() -> None:
    """Every function and every column has a description."""
    for name in {*functions(), *SCALARS, *(name for kind in KINDS for name in kind)}:
        assert describe(name).startswith(("function", "column"))


def test_sessions_and_measures() -> None:
    """Session words and their measures are described too."""
    assert "SESSION premarket" in describe("premarket")
    assert "XNYS" in describe("premarket")
    assert "time" in describe("premarket.spread_pct").lower()
    assert dict(facts("premarket.trades"))["type"] == "whole number" or "integer" in describe("premarket.trades")


def test_nothing_of_that_name() -> None:
    """An unknown name is E101 at its place, with the nearest."""
    with pytest.raises(QueryError) as caught:
        describe("rsii", Span(9, 13), "DESCRIBE rsii")
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.code, diagnostic.span) == ("E101", Span(9, 13))
    assert diagnostic.hints == ("did you mean `rsi`?",)
