"""MATCH and ASOF QUOTES on recorded days, against regular expressions over letters and pandas' merge_asof."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from tests.recorded.conftest import TAQ
from tests.recorded.frames import answer, candles
from tests.recorded.test_crypto import gemini_quotes as gemini_quotes
from tests.recorded.test_crypto import gemini_trades as gemini_trades

STEPS = {"up": "{0} > {0}[1]", "flat": "{0} = {0}[1]", "down": "{0} < {0}[1]"}
NAMES = {"u": "up", "f": "flat", "d": "down"}


def match(pattern: str, column: str) -> str:
    steps = (f"{name} IS {test.format(column)}" for name, test in STEPS.items() if name in pattern)
    return f"MATCH ({pattern}) WHEN {', '.join(steps)}"


def letters(values: pd.Series) -> str:
    """How each value stands to the one before it; the first to none."""
    steps = np.sign(values.diff().to_numpy())
    return "".join({1.0: "u", 0.0: "f", -1.0: "d"}.get(step, "-") for step in steps)


def expected(values: pd.Series, pattern: str) -> list[tuple[pd.Timestamp, int, str]]:
    text = letters(values)
    return [
        (values.index[row], number, NAMES[text[row]])
        for number, found in enumerate(re.finditer(pattern, text), start=1)
        for row in range(found.start(), found.end())
    ]


def found(lake: Path, sentence: str) -> list[tuple[pd.Timestamp, int, str]]:
    rows = answer(lake, f"{sentence} SELECT ts, match_id, match_step")
    return list(zip(rows.index, rows["match_id"], rows["match_step"], strict=True))


def test_minutes_of_gemini(gemini: Path, gemini_trades: pd.DataFrame) -> None:
    """Bars that pandas makes, a letter each: a regular expression finds the matches that MATCH finds."""
    closes = candles(gemini_trades, "1min")["close"]
    for pattern, expression in (
        ("down{3,} up+", "d{3,}u+"),
        ("up (flat | up)* down{2,3}", "u[fu]*d{2,3}"),
        ("(up down | down up){2,} flat?", "(ud|du){2,}f?"),
    ):
        sentence = f"CANDLES 1m FROM gemini:ETH/USD {match(pattern, 'close')}"
        wanted = expected(closes, expression)
        assert len(wanted) > 100
        assert found(gemini, sentence) == wanted


def test_trades_of_a_taq_day(taq: Path, shared_data: Path) -> None:
    """Forty thousand trades of one open market, pre-market and after-hours included; the few behind its close are in none."""
    raw = pd.read_parquet(shared_data / TAQ.format("trades"))
    raw.index = pd.DatetimeIndex(raw["DT"].dt.floor("us").dt.tz_localize("UTC"))
    prices = raw["PRICE"][raw.index < "2018-01-03T01:00Z"]
    assert len(prices) == len(raw)
    sentence = f"TICKS FROM nyse:XXX {match('down{3,} flat* up+', 'price')}"
    wanted = expected(prices, "d{3,}f*u+")
    assert len(wanted) > 1000
    assert found(taq, sentence) == wanted


def test_quotes_at_the_trades_of_gemini(gemini: Path, gemini_trades: pd.DataFrame, gemini_quotes: pd.DataFrame) -> None:
    """pandas' merge_asof joins the same quotes, at the instant of a trade, strictly before it and not too old."""
    quotes = gemini_quotes.rename_axis("quote_ts").reset_index()
    for clause, options, lag in (
        ("ASOF QUOTES", {}, "0s"),
        ("ASOF QUOTES LAG 1us TOLERANCE 2s", {"allow_exact_matches": False, "tolerance": pd.Timedelta("2s")}, "0s"),
        ("ASOF QUOTES LAG 5s", {}, "5s"),
    ):
        mine = answer(gemini, f"TICKS FROM gemini:ETH/USD {clause} SELECT ts, price, bid, ask, quote_ts")
        at = pd.DataFrame({"at": mine.index - pd.Timedelta(lag)})
        joined = pd.merge_asof(
            at.astype("datetime64[us, UTC]"), quotes.astype({"quote_ts": "datetime64[us, UTC]"}),
            left_on="at", right_on="quote_ts", **options,
        )  # fmt: skip
        assert len(mine) == len(gemini_trades)
        for name in ("bid", "ask"):
            np.testing.assert_array_equal(mine[name].to_numpy(), joined[name].to_numpy())
        assert (mine["quote_ts"].isna().to_numpy() == joined["quote_ts"].isna().to_numpy()).all()
