"""Independent candles and means with pandas, to compare with."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pyarrow as pa

import tapeql

PRICES = ("open", "high", "low", "close")


def answer(lake: object, text: str) -> pd.DataFrame:
    """The rows of a sentence, `ts` as index."""
    with tapeql.connect(str(lake)) as db:
        table: pa.Table = db.query(text)
    return table.to_pandas().set_index("ts")


def candles(trades: pd.DataFrame, rule: str) -> pd.DataFrame:
    """Bars of trades indexed by ts in order, on the UTC clock; empty buckets left out."""
    bars = trades["price"].resample(rule).ohlc()
    bars["volume"] = trades["quantity"].resample(rule).sum()
    bars["trades"] = trades["price"].resample(rule).count()
    bars["vwap"] = (trades["price"] * trades["quantity"]).resample(rule).sum() / bars["volume"]
    return bars[bars["trades"] > 0]


def assert_same_bars(mine: pd.DataFrame, theirs: pd.DataFrame) -> None:
    """Prices, counts and instants exactly; sums and means within 1e-12."""
    assert len(mine) > 0
    assert [t.value for t in mine.index] == [t.value for t in theirs.index]
    for name in PRICES:
        np.testing.assert_array_equal(mine[name].to_numpy(float), theirs[name].to_numpy(float), err_msg=name)
    for name in ("volume", "vwap"):
        np.testing.assert_allclose(mine[name].to_numpy(float), theirs[name].to_numpy(float), rtol=1e-12, err_msg=name)
    np.testing.assert_array_equal(mine["trades"].to_numpy(float), theirs["trades"].to_numpy(float))


def time_weighted(quotes: pd.DataFrame, value: pd.Series, start: pd.Timestamp, end: pd.Timestamp) -> float:
    """The mean of a value over [start, end), each quote standing until the next; brute force."""
    changes = quotes.index[(quotes.index > start) & (quotes.index < end)]
    edges = [start, *changes.unique(), end]
    total = weight = 0.0
    for left, right in itertools.pairwise(edges):
        standing = value[quotes.index <= left]
        if len(standing) and not np.isnan(standing.iloc[-1]):
            span = (right - left).total_seconds()
            total += standing.iloc[-1] * span
            weight += span
    return total / weight if weight else float("nan")
