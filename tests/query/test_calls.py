"""Functions: arguments left out, named, out of range; several outputs; aggregates."""

from __future__ import annotations

import pytest

from tapeql.query.nodes import Column, Over, Type
from tests.query.asking import ask, bad, column, refused, where


@pytest.mark.parametrize(
    ("condition", "understood"),
    [
        ("sma(20) > 1", "sma(close, 20)"),
        ("SMA(20) > 1", "sma(close, 20)"),
        ("sma(close, 20) > 1", "sma(close, 20)"),
        ("sma(volume, 20) > 1", "sma(volume, 20)"),
        ("sma(n=20) > 1", "sma(close, 20)"),
        ("sma(n=20, x=volume) > 1", "sma(volume, 20)"),
        ("sma(volume, n=20) > 1", "sma(volume, 20)"),
        ("sma(2 * close, 20) > 1", "sma((2 * close), 20)"),
        ("sma(sma(5), 20) > 1", "sma(sma(close, 5), 20)"),
        ("rsi() > 1", "rsi(close, 14)"),
        ("atr(14) > 1", "atr(high, low, close, 14)"),
        ("atr(high, low, open, 14) > 1", "atr(high, low, open, 14)"),
        ("atr(close=open) > 1", "atr(high, low, open, 14)"),
        ("rvol(20) > 1", "rvol(volume, 20)"),
        ("highest(20) > 1", "highest(high, 20)"),
        ("returns() > 1", "returns(close, 1)"),
        ("avg(volume, 20) > 1", "avg(volume, 20)"),
        ("avg(1, 20) > 1", "avg(1, 20)"),
        ("avg(volume, 20)[1] > 1", "avg(volume, 20)[1]"),
        ("max(high, 5) > 1", "max(high, 5)"),
        ("count(vwap, 5) > 1", "count(vwap, 5)"),
        ("stddev(20) > 1", "stddev(close, 20)"),
        ("sum(volume) OVER ALL > 1", "sum(volume) OVER ALL"),
        ("sqrt(abs(close)) > 1", "sqrt(abs(close))"),
        ("round(close, 2) > 1", "round(close, 2)"),
        ("greatest(open, close, 1) > 1", "greatest(open, close, 1)"),
    ],
)
def test_calls(condition: str, understood: str) -> None:
    """Series may be left out and arguments named; parameters keep the registry's order."""
    assert where(condition) == f"({understood} > 1)"


@pytest.mark.parametrize(("written", "us"), [("30m", 1_800_000_000), ("1h30m", 5_400_000_000), ("1d", 86_400_000_000)])
def test_windows_of_time(written: str, us: int) -> None:
    """An aggregate OVER a duration is over that much elapsed time."""
    found = column(f"CANDLES 1h FROM nasdaq:AAPL ADD max(high) OVER {written} AS m", "m")
    assert found == Over("max", Column("high", Type.FLOAT), us)


def test_outputs_by_name() -> None:
    """One output of several is a value."""
    assert where("macd(12, 26, 9).hist > 0") == "(macd(close, 12, 26, 9).hist > 0)"
    assert where("bbands(20, 2).upper < close") == "(bbands(close, 20, 2.0).upper < close)"
    assert where("sma(20).sma > 0") == "(sma(close, 20) > 0)"


def test_ticks_and_quotes_have_their_own_series() -> None:
    """Where a bar's close is meant by default, a trade has its price and a quote its mid."""
    assert where("sma(20) > price", "TICKS") == "(sma(price, 20) > price)"
    assert where("rvol(20) > 1", "TICKS") == "(rvol(quantity, 20) > 1)"
    assert where("ema(20) > bid", "QUOTES") == "(ema(mid, 20) > bid)"
    assert bad("atr(14) > 1", "TICKS") == [("E110", "atr(14)")]
    assert bad("rvol(20) > 1", "QUOTES") == [("E110", "rvol(20)")]


@pytest.mark.parametrize(
    ("condition", "code", "place"),
    [
        ("smaa(20) > 1", "E102", "smaa"),
        ("sma() > 1", "E110", "sma()"),
        ("sma(close, 20, 3) > 1", "E110", "sma(close, 20, 3)"),
        ("sma(close) > 1", "E110", "sma(close)"),
        ("sma(k=3) > 1", "E110", "k=3"),
        ("sma(20, n=20) > 1", "E110", "n=20"),
        ("avg(20) > 1", "E110", "avg(20)"),
        ("atr(close, 14) > 1", "E110", "atr(close, 14)"),
        ("sqrt() > 1", "E110", "sqrt()"),
        ("pow(close) > 1", "E110", "pow(close)"),
        ("abs(x=close) > 1", "E110", "x=close"),
        ("sma(0) > 1", "E208", "0"),
        ("sma(-5) > 1", "E208", "-5"),
        ("sma(1.5) > 1", "E208", "1.5"),
        ("sma(1000000) > 1", "E208", "1000000"),
        ("sma(close, volume) > 1", "E208", "volume"),
        ("close[200000] > 1", "E208", "close[200000]"),
        ("close[-1] > 1", "E206", "close[-1]"),
        ("macd() > 1", "E111", "macd()"),
        ("macd().histo > 1", "E111", "histo"),
        ("sma(20).upper > 1", "E111", "upper"),
        ("sqrt(close).x > 1", "E111", "x"),
        ("volume > avg(volume)", "E204", "avg(volume)"),
        ("volume > stddev(volume)", "E204", "stddev(volume)"),
        ("avg(volume, 20) OVER 30m > 1", "E110", "avg(volume, 20)"),
        ("sma(20) OVER 30m > 1", "E110", "sma(20) OVER 30m"),
        ("close OVER 30m > 1", "E110", "close OVER 30m"),
        ("avg(close) OVER 2mo > 1", "E203", "2mo"),
    ],
)
def test_calls_that_cannot_be(condition: str, code: str, place: str) -> None:
    """Each mistake in a call has its code and its place."""
    assert bad(condition) == [(code, place)]


def test_a_misspelt_function() -> None:
    """The nearest function is offered by name and title."""
    (diagnostic,) = refused("CANDLES 1h FROM nasdaq:AAPL WHERE close > smaa(20)")
    assert diagnostic.hints == ("did you mean `sma` (simple moving average)?",)
    assert diagnostic.fix is not None
    assert diagnostic.fix.text == "sma"


def test_a_bare_aggregate_offers_both_meanings() -> None:
    """A mean of no window is asked about: of the last rows, or of the whole range."""
    (diagnostic,) = refused("CANDLES 1h FROM nasdaq:AAPL WHERE volume > avg(volume)")
    assert diagnostic.fix is not None
    assert diagnostic.fix.text == "avg(volume, 20)"
    assert any("avg(volume) OVER ALL" in hint for hint in diagnostic.hints)


def test_parameters_of_functions_are_whole_or_not() -> None:
    """A whole number written as one with a fraction of zero is whole; a number parameter is a number."""
    assert where("sma(20.0) > 1") == "(sma(close, 20) > 1)"
    query = ask("CANDLES 1h FROM nasdaq:AAPL ADD bbands(20, 2)")
    call = query.columns[-1].expr
    assert call.params == (20, 2.0)
    assert [type(p) for p in call.params] == [int, float]


def test_ticks_are_filtered_one_at_a_time() -> None:
    """TICKS WHERE sees a trade alone: no windows, no rows before, no sessions."""
    text = "CANDLES 1h FROM nasdaq:AAPL TICKS WHERE "
    assert ask(text + "quantity >= 1 AND side = 'buy'").ticks_where is not None
    for condition, code in (
        ("quantity > sma(quantity, 20)", "E207"),
        ("quantity > quantity[1]", "E207"),
        ("avg(price) OVER 5m > 1", "E207"),
        ("price CROSSES 5", "E207"),
        ("premarket", "E101"),
        ("close > 1", "E101"),
    ):
        assert [d.code for d in refused(text + condition)] == [code], condition
