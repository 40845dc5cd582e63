"""The columns of a result and their names."""

from __future__ import annotations

import pytest

from tapeql.query.columns import BAR, QUOTE, TICK
from tests.query.asking import names, wrong

FIXED = list(BAR)


def added(text: str, **params: object) -> list[str]:
    found = names(f"CANDLES 1h FROM nasdaq:AAPL {text}", **params)
    assert found[: len(FIXED)] == FIXED
    return found[len(FIXED) :]


def test_fixed_columns() -> None:
    """Each verb has its columns."""
    assert names("CANDLES 1h FROM nasdaq:AAPL") == list(BAR)
    assert names("TICKS FROM nasdaq:AAPL") == list(TICK)
    assert names("QUOTES FROM nasdaq:AAPL") == list(QUOTE)
    assert names("DAYS FROM nasdaq:AAPL") == ["symbol", "exchange", "session_date", "start", "end"]


def test_labelled_by_the_close() -> None:
    """The close comes in `ts`, the opening follows in `ts_open`."""
    assert names("CANDLES 1h FROM nasdaq:AAPL LABEL close")[:6] == [
        "symbol",
        "exchange",
        "interval",
        "ts",
        "ts_open",
        "open",
    ]
    assert names("CANDLES 1h FROM nasdaq:AAPL LABEL open") == FIXED


@pytest.mark.parametrize(
    ("clauses", "columns"),
    [
        ("WHERE spread_pct < 1 AND close > sma(20)", ["spread_pct"]),
        ("WHERE premarket.high > 1 AND gap_pct > 1 AND spread < 1", ["premarket_high", "gap_pct", "spread"]),
        ("ORDER BY mid WHERE bid > 1", ["bid", "mid"]),
        ("WHERE spread_pct < 1 ADD spread_pct", ["spread_pct"]),
        ("WHERE spread_pct < 1 ADD close * spread_pct AS x", ["spread_pct", "x"]),
        ("ADD ask - mid AS x", ["ask", "mid", "x"]),
        ("ADD spread_pct AS s", ["s"]),
        ("WHERE spread_pct < 1 ADD spread_pct AS s", ["spread_pct", "s"]),
        ("ADD close, volume", []),
    ],
)
def test_measures_used_are_shown(clauses: str, columns: list[str]) -> None:
    """Measures of conditions come after the fixed columns, then what is ADDed, each once."""
    assert added(clauses) == columns


@pytest.mark.parametrize(
    ("item", "columns"),
    [
        ("sma(20)", ["sma_20"]),
        ("SMA(20)", ["sma_20"]),
        ("sma(n=20)", ["sma_20"]),
        ("sma(close, 20)", ["sma_close_20"]),
        ("sma(volume, 20)", ["sma_volume_20"]),
        ("sma(premarket.high, 20)", ["premarket_high", "sma_premarket_high_20"]),
        ("rsi()", ["rsi"]),
        ("rsi(14)[1]", ["rsi(14)[1]"]),
        ("sma(close * 2, 20)", ["sma(close * 2, 20)"]),
        ("avg(volume, 20)", ["avg_volume_20"]),
        ("bbands(20, 2)", ["bbands_upper", "bbands_middle", "bbands_lower"]),
        ("bbands(20, 2) AS b", ["b_upper", "b_middle", "b_lower"]),
        ("macd(12, 26, 9)", ["macd_macd", "macd_signal", "macd_hist"]),
        ("macd(12, 26, 9).hist", ["macd_hist"]),
        ("macd(12, 26, 9).hist AS h", ["h"]),
        ("premarket.high", ["premarket_high"]),
        ("premarket", ["premarket"]),
        ("gap_pct", ["gap_pct"]),
        ("close / open - 1", ["close / open - 1"]),
        ("close - open AS body", ["body"]),
        ("avg(close) OVER 30m", ["avg(close) OVER 30m"]),
        ("abs(close)", ["abs(close)"]),
    ],
)
def test_names_of_added_columns(item: str, columns: list[str]) -> None:
    """What has no AS is called after itself."""
    assert added(f"ADD {item}") == columns


def test_constants_in_names() -> None:
    """A fraction's point is a p, a parameter is its value."""
    assert added("ADD sma($n)", n=20) == ["sma_20"]
    assert names("DAYS FROM nasdaq:AAPL WHERE bbands(20, 1.5).upper > 1")[5:] == ["bbands_upper"]


def test_select_is_exact() -> None:
    """SELECT gives the columns it names, in its order, and no others."""
    text = "CANDLES 1h FROM nasdaq:AAPL WHERE spread_pct < 1 SELECT symbol, ts, close * 2 AS close, macd() AS m"
    assert names(text) == ["symbol", "ts", "close", "m_macd", "m_signal", "m_hist"]


def test_days_show_their_reasons() -> None:
    """A list of days shows the measures and the calls of its conditions."""
    text = "DAYS FROM nasdaq:AAPL WHERE premarket.spread_pct < 0.05% AND rvol(20) > 1 AND gap_pct > 1 AND volume > avg(volume, 20)[1]"
    assert names(text)[5:] == ["premarket_spread_pct", "rvol_20", "gap_pct"]
    assert names("DAYS FROM nasdaq:AAPL WHERE macd().hist > 0 ADD rsi(14) AS r")[5:] == ["macd_hist", "r"]
    assert names("DAYS FROM nasdaq:AAPL SELECT session_date WHERE rvol(20) > 1") == ["session_date"]


@pytest.mark.parametrize(
    ("clauses", "place"),
    [
        ("ADD close * 2 AS close", "close * 2 AS close"),
        ("ADD open AS x, high AS x", "high AS x"),
        ("ADD bbands(20, 2), bbands(10, 2)", "bbands(10, 2)"),
        ("WHERE premarket.high > 1 ADD close AS premarket_high", "close AS premarket_high"),
        ("SELECT close, close", "close"),
    ],
)
def test_two_columns_of_one_name(clauses: str, place: str) -> None:
    """Two different columns of one name are E109."""
    assert set(wrong(f"CANDLES 1h FROM nasdaq:AAPL {clauses}")) == {("E109", place)}
