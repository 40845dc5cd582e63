"""Percent, fractions and literals with a unit."""

from __future__ import annotations

import pytest

from tests.query.asking import ask, bad, noted, where


@pytest.mark.parametrize("written", ["0.05", "0.05%", "5bps", "5 bps"])
def test_three_ways_to_write_a_spread(written: str) -> None:
    """Against a percent column a bare number, a percentage and basis points are the same."""
    assert where(f"spread_pct < {written}") == "(spread_pct < 0.05)"
    assert where(f"{written} > spread_pct") == "(0.05 > spread_pct)"


@pytest.mark.parametrize(
    ("condition", "understood"),
    [
        ("premarket.spread_pct < 5bps", "(premarket.spread_pct < 0.05)"),
        ("gap_pct > 4%", "(day.gap_pct > 4)"),
        ("gap_pct BETWEEN -3% AND 4%", "((day.gap_pct >= -3) AND (day.gap_pct <= 4))"),
        ("returns(5) > 5%", "(returns(close, 5) > 0.05)"),
        ("returns(5) > 50bps", "(returns(close, 5) > 0.005)"),
        ("returns(5) IN (5%)", "(returns(close, 5) IN (0.05))"),
        ("close / open - 1 > 0.05%", "(((close / open) - 1) > 0.0005)"),
        ("close > open * (1 + 2%)", "(close > (open * (1 + 0.02)))"),
        ("volume > 5% * avg(volume, 20)", "(volume > (0.05 * avg(volume, 20)))"),
        ("spread_pct + 1bps < 5bps", "((spread_pct + 0.01) < 0.05)"),
        ("spread_pct * 2 < 5bps", "((spread_pct * 2) < 0.05)"),
        ("spread_pct[1] < 5bps", "(spread_pct[1] < 0.05)"),
        ("-spread_pct > -5bps", "((-spread_pct) > -0.05)"),
        ("sma(spread_pct, 20) < 5bps", "(sma(spread_pct, 20) < 0.05)"),
        ("avg(spread_pct) OVER ALL < 5bps", "(avg(spread_pct) OVER ALL < 0.05)"),
        ("abs(gap_pct) > 4%", "(abs(day.gap_pct) > 4)"),
        ("greatest(spread_pct, 1bps) < 5bps", "(greatest(spread_pct, 0.01) < 0.05)"),
        ("spread_pct < 5% + 1%", "(spread_pct < (5 + 1))"),
        ("returns(5) * 100 > 5%", "((returns(close, 5) * 100) > 5)"),
        ("spread_pct / 100 < 5bps", "((spread_pct / 100) < 0.0005)"),
        ("spread_pct / spread_pct[1] > 150%", "((spread_pct / spread_pct[1]) > 1.5)"),
        ("spread_pct CROSSES ABOVE 5bps", "((spread_pct > 0.05) AND (spread_pct[1] <= 0.05))"),
        ("CASE WHEN close > 1 THEN gap_pct ELSE 5% END > 1", "(CASE WHEN (close > 1) THEN day.gap_pct ELSE 5 END > 1)"),
    ],
)
def test_units_follow_their_company(condition: str, understood: str) -> None:
    """A literal with a unit is in percent beside percent, and a fraction beside everything else."""
    assert where(condition) == understood


def test_a_fraction_by_mistake_is_a_lint() -> None:
    """`spread_pct < 0.0005` means 0.0005 %, and is asked about with both readings."""
    query = ask("CANDLES 1h FROM nasdaq:AAPL WHERE spread_pct < 0.0005")
    (lint,) = query.notes
    assert lint.code == "W201"
    assert lint.fix is not None
    assert lint.fix.text == "0.05%"
    assert noted("CANDLES 1h FROM nasdaq:AAPL WHERE spread_pct < 0.0005%") == []
    assert noted("CANDLES 1h FROM nasdaq:AAPL WHERE spread_pct < 0.05") == []
    assert noted("CANDLES 1h FROM nasdaq:AAPL WHERE spread_pct > 0") == []


def test_percent_against_a_fraction_is_a_lint() -> None:
    """A percentage compared with a fraction is off by a hundred."""
    assert noted("CANDLES 1h FROM nasdaq:AAPL WHERE gap_pct > returns(5)") == ["W202"]
    assert noted("CANDLES 1h FROM nasdaq:AAPL WHERE gap_pct > returns(5) * 100") == []


def test_an_index_has_no_percent() -> None:
    """`rsi(14) < 30%` would compare with 0.3: it is refused, with the number to write."""
    assert bad("rsi(14) < 30%") == [("E202", "30%")]


@pytest.mark.parametrize(
    "condition",
    ["close > {}", "sma(20) > {}", "close + {} > 1", "spread < {}", "2 * volume > {}", "count(vwap, 5) > {}"],
)
def test_a_price_has_no_percent(condition: str) -> None:
    """A price or a quantity compared with a percentage is refused; a share of it is a product, a change a quotient."""
    assert bad(condition.format("5bps")) == [("E202", "5bps")]
    assert bad("close > 5% * volume") == []
    assert bad("rvol(20) > 150%") == []


def test_a_percentage_alone_is_a_fraction() -> None:
    """In no company at all, 5% is 0.05."""
    assert ask("CANDLES 1h FROM nasdaq:AAPL ADD 5% AS x").columns[-1].expr.value == 0.05
