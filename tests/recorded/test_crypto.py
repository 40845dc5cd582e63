"""Crypto tapes: Gemini's day of ETH/USD, Binance's raw stream, and a venue's own candles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tapeql
from tests.recorded.frames import PRICES, answer, assert_same_bars, candles, time_weighted


@pytest.fixture(scope="module")
def gemini_trades(shared_data: Path) -> pd.DataFrame:
    raw = pd.read_csv(shared_data / "crypto/gemini_ethusd_2021-07-01_trade.csv")
    ts = pd.to_datetime((raw["time_seconds"] * 1000).round().astype("int64"), unit="ms", utc=True)
    return raw.rename(columns={"size": "quantity"}).set_index(pd.DatetimeIndex(ts))


@pytest.fixture(scope="module")
def gemini_quotes(shared_data: Path) -> pd.DataFrame:
    raw = pd.read_csv(shared_data / "crypto/gemini_ethusd_2021-07-01_bbo.csv")
    quotes = pd.DataFrame(
        {
            "bid": raw["bid_price_bid_size"].str.split("_").str[0].astype(float),
            "ask": raw["ask_price_ask_size"].str.split("_").str[0].astype(float),
        }
    )
    quotes.index = pd.DatetimeIndex(pd.to_datetime(raw["time_seconds"], unit="s", utc=True))
    return quotes


@pytest.mark.parametrize(("interval", "rule"), [("1m", "1min"), ("1h", "1h"), ("7m", "7min"), ("1d", "1D")])
def test_candles_equal_pandas(gemini: Path, gemini_trades: pd.DataFrame, interval: str, rule: str) -> None:
    """A day of trades makes the same bars here and in pandas."""
    mine = answer(gemini, f"CANDLES {interval} FROM gemini:ETH/USD")
    assert_same_bars(mine, candles(gemini_trades, rule))
    assert mine["volume"].sum() == pytest.approx(gemini_trades["quantity"].sum(), rel=1e-12)


def test_spread_is_time_weighted(gemini: Path, gemini_quotes: pd.DataFrame) -> None:
    """The spread of each hour is the mean over the time each quote stood."""
    mine = answer(gemini, "CANDLES 1h FROM gemini:ETH/USD SELECT ts, ts_close, spread_pct, spread, mid")
    pct = 100 * (gemini_quotes["ask"] - gemini_quotes["bid"]) / ((gemini_quotes["ask"] + gemini_quotes["bid"]) / 2)
    pct = pct.where(gemini_quotes["ask"] >= gemini_quotes["bid"])
    assert len(mine) == 24
    for start, row in mine.iloc[[0, 1, 9, 13, 23]].iterrows():
        window = gemini_quotes[: row["ts_close"]]
        wanted = time_weighted(window, pct[: row["ts_close"]], start, row["ts_close"])
        assert row["spread_pct"] == pytest.approx(wanted, rel=1e-12)


def test_the_sentence(gemini: Path, gemini_trades: pd.DataFrame) -> None:
    """The headline sentence keeps the pre-market hours whose spread is small and whose close is above its average."""
    text = "CANDLES 1h FROM gemini:ETH/USD WHERE premarket AND spread_pct < 0.08 AND close > sma(3)"
    mine = answer(gemini, text)
    everything = answer(gemini, "CANDLES 1h FROM gemini:ETH/USD ADD spread_pct")
    hour = everything.index.tz_convert("America/New_York").hour
    above = everything["close"] > everything["close"].rolling(3).mean()
    kept = everything[(hour >= 4) & (hour < 9) & (everything["spread_pct"] < 0.08).to_numpy() & above.to_numpy()]
    assert 0 < len(kept) < 5
    assert list(mine.index) == list(kept.index)


def test_venue_candles_from_trades(xrp: Path, shared_data: Path) -> None:
    """Candles from a venue's trades equal the candles the venue publishes, in all 2,469 minutes."""
    published = pd.read_feather(shared_data / "crypto/freqtrade_XRP_ETH-1m.feather").set_index("date")
    mine = answer(xrp, "CANDLES 1m FROM binance:XRPETH")
    assert len(published) == 2469
    assert [t.value for t in mine.index] == [t.value for t in published.index]
    for name in PRICES:
        np.testing.assert_array_equal(mine[name].to_numpy(), published[name].to_numpy(), err_msg=name)
    np.testing.assert_allclose(mine["volume"].to_numpy(), published["volume"].to_numpy(), rtol=1e-12)


def test_raw_stream(binance: Path, binance_trades: pd.DataFrame) -> None:
    """The trades of a recorded stream make pandas' bars, and their ids run without a hole."""
    trades = binance_trades.set_index(pd.DatetimeIndex(pd.to_datetime(binance_trades["ts"], unit="ms", utc=True)))
    trades = trades.drop(columns="ts").sort_values("trade_id").sort_index(kind="stable")
    mine = answer(binance, "CANDLES 1m FROM binance:BTCUSDT")
    assert_same_bars(mine, candles(trades, "1min"))
    ticks = answer(binance, "TICKS FROM binance:BTCUSDT")
    assert len(ticks) == 9757
    assert (np.diff(ticks["seq"].to_numpy()) == 1).all()
    assert list(ticks["trade_id"]) == [str(n) for n in trades["trade_id"]]


@pytest.mark.parametrize(("amount", "size"), [("1000 ticks", 1000), ("500 volume", 500), ("1_000_000 notional", 1e6)])
def test_bars_by_amount_equal_pandas(gemini: Path, gemini_trades: pd.DataFrame, amount: str, size: float) -> None:
    """The trades cut one after another, each bar grouped by pandas."""
    price, quantity = gemini_trades["price"], gemini_trades["quantity"]
    counted = {"ticks": price * 0 + 1, "volume": quantity, "notional": price * quantity}[amount.split()[1]]
    number, done, bars = 0, 0.0, []
    for value in counted:
        bars.append(number)
        done += value
        if done >= size * (1 - 1e-9):
            number, done = number + 1, 0.0
    groups = gemini_trades.groupby(np.array(bars))
    mine = answer(gemini, f"CANDLES {amount} FROM gemini:ETH/USD")
    for name, how in (("open", "first"), ("high", "max"), ("low", "min"), ("close", "last"), ("trades", "count")):
        assert mine[name].tolist() == groups["price"].agg(how).tolist()
    assert mine["volume"].tolist() == pytest.approx(groups["quantity"].sum().tolist(), rel=1e-12)


def test_a_profile_equals_pandas(gemini: Path, gemini_trades: pd.DataFrame) -> None:
    """A day's volume by prices, five dollars apart, and who took it."""
    with tapeql.connect(gemini) as db:
        mine = db.query("PROFILE STEP 5 FROM gemini:ETH/USD").to_pandas()
    by_level = gemini_trades.groupby(np.floor(gemini_trades["price"] / 5) * 5)
    assert mine["price"].tolist() == list(by_level.groups)
    assert mine["trades"].tolist() == by_level.size().tolist()
    assert mine["volume"].tolist() == pytest.approx(by_level["quantity"].sum().tolist(), rel=1e-12)
    sold = gemini_trades["quantity"].where(gemini_trades["is_buyer_maker"] == 1, 0.0)
    groups = sold.groupby(np.floor(gemini_trades["price"] / 5) * 5)
    assert mine["sell_volume"].tolist() == pytest.approx(groups.sum().tolist(), rel=1e-12)


def test_running_prices_equal_pandas(gemini: Path, gemini_trades: pd.DataFrame) -> None:
    """A day's vwap with its deviation, as of the end of each quarter of an hour, and the mean of what stood in each."""
    price, quantity = gemini_trades["price"], gemini_trades["quantity"]
    volume = quantity.cumsum()
    vwap = (price * quantity).cumsum() / volume
    apart = price - price.iloc[0]
    spread = np.sqrt(((apart**2 * quantity).cumsum() / volume - (vwap - price.iloc[0]) ** 2).clip(lower=0))
    mine = answer(gemini, "VWAP 15m BANDS 1 FROM gemini:ETH/USD")
    for name, values in (("vwap", vwap), ("upper_1", vwap + spread)):
        assert mine[name].tolist() == pytest.approx(values.resample("15min").last().dropna().tolist(), rel=1e-9)
    at = gemini_trades.index.as_unit("ns").asi8
    standing = answer(gemini, "TWAP 15m FROM gemini:ETH/USD")["twap"]
    for ts, found in standing.iloc[1:].items():
        start, end = ts.value, ts.value + 900 * 10**9  # type: ignore[attr-defined]
        first, last = np.searchsorted(at, start, side="right") - 1, np.searchsorted(at, end)
        until = np.append(at[first + 1 : last], end)
        lasted = until - np.maximum(at[first:last], start)
        assert found == pytest.approx((price.to_numpy()[first:last] * lasted).sum() / lasted.sum(), rel=1e-9)
