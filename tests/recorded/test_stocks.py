"""Stock tapes: a TAQ day with pre-market and sale conditions, and a month of minutes with a clock change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.recorded.conftest import NEW_YORK, TAQ
from tests.recorded.frames import answer, time_weighted

NO_PRICE = set("BCHIMNQRUVW7")
ONLY_RANGE = set("4GLPZ")
NOTHING = set("MQ")


@pytest.fixture(scope="module")
def trades(shared_data: Path) -> pd.DataFrame:
    """The day's trades with what each counts for, by the tape's rules written down again."""
    raw = pd.read_parquet(shared_data / TAQ.format("trades"))
    codes = raw["COND"].map(set)
    raw["volume_counts"] = [not (c & NOTHING) for c in codes]
    raw["range_counts"] = [not (c & NO_PRICE) for c in codes]
    raw["ends_count"] = [not (c & (NO_PRICE | ONLY_RANGE)) for c in codes]
    raw.index = pd.DatetimeIndex(raw["DT"].dt.floor("us").dt.tz_localize("UTC"))
    return raw


def day(trades: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    local = trades.index.tz_convert(NEW_YORK)
    return trades[(local >= f"2018-01-02 {start}-0500") & (local < f"2018-01-02 {end}-0500")]


@pytest.mark.parametrize(("interval", "minutes"), [("5m", 5), ("1h", 60)])
def test_session_bars_obey_the_conditions(taq: Path, trades: pd.DataFrame, interval: str, minutes: int) -> None:
    """Bars restart at each session's open, and each trade counts for what its conditions allow."""
    mine = answer(taq, f"CANDLES {interval} FROM nyse:XXX")
    opens = {"premarket": "04:00", "regular": "09:30", "aftermarket": "16:00"}
    closes = {"premarket": "09:30", "regular": "16:00", "aftermarket": "20:00"}
    checked = 0
    for session, opening in opens.items():
        inside = day(trades, opening, closes[session])
        anchor = pd.Timestamp(f"2018-01-02 {opening}", tz=NEW_YORK)
        bucket = (inside.index - anchor) // pd.Timedelta(minutes=minutes)
        for number, group in inside.groupby(bucket):
            if not (group["volume_counts"] | group["range_counts"] | group["ends_count"]).any():
                continue
            row = mine.loc[anchor.tz_convert("UTC") + number * pd.Timedelta(minutes=minutes)]
            ranged, ended = group[group["range_counts"]]["PRICE"], group[group["ends_count"]]["PRICE"]
            counted = group[group["volume_counts"]]
            assert row["session"] == session
            assert row["volume"] == counted["SIZE"].sum()
            assert row["trades"] == len(counted)
            np.testing.assert_equal(row["high"], ranged.max() if len(ranged) else np.nan)
            np.testing.assert_equal(row["low"], ranged.min() if len(ranged) else np.nan)
            np.testing.assert_equal(row["open"], ended.iloc[0] if len(ended) else np.nan)
            np.testing.assert_equal(row["close"], ended.iloc[-1] if len(ended) else np.nan)
            checked += 1
    outside = mine[mine["session"].isna()]
    assert checked == len(mine) - len(outside)
    assert mine["volume"].sum() == trades[trades["volume_counts"]]["SIZE"].sum()


def test_the_closing_cross_counts_once(taq: Path, trades: pd.DataFrame) -> None:
    """The cross is printed as a trade and again as the official close; only the first is volume."""
    cross = trades[trades["SIZE"] == 443_901]
    assert len(cross) == 2
    minute = answer(taq, "CANDLES 1m FROM nyse:XXX DURING 2018-01-02T16:00 .. 2018-01-02T16:01 TZ America/New_York")
    unruled = answer(
        taq,
        "CANDLES 1m FROM nyse:XXX DURING 2018-01-02T16:00 .. 2018-01-02T16:01 TZ America/New_York "
        "TICKS WHERE quantity > 0",
    )
    assert 443_901 < minute["volume"].iloc[0] < 2 * 443_901
    official = trades[trades["COND"].str.contains("M")]["SIZE"].sum()
    assert unruled["volume"].iloc[0] - minute["volume"].iloc[0] == official
    assert minute["close"].iloc[0] == pytest.approx(157, abs=1)


def test_premarket_spread(taq: Path, shared_data: Path) -> None:
    """The pre-market's spread is weighted by time from the first quote of the day to the opening bell."""
    raw = pd.read_parquet(shared_data / TAQ.format("quotes"))
    raw = raw[raw["EX"] == "P"]
    quotes = pd.DataFrame({"bid": raw["BID"].to_numpy(), "ask": raw["OFR"].to_numpy()})
    quotes.index = pd.DatetimeIndex(raw["DT"].dt.floor("us").dt.tz_localize("UTC"))
    pct = 100 * (quotes["ask"] - quotes["bid"]) / ((quotes["ask"] + quotes["bid"]) / 2)
    pct = pct.where((quotes["bid"] > 0) & (quotes["ask"] > 0) & (quotes["bid"] <= quotes["ask"]))
    bell = pd.Timestamp("2018-01-02 09:30", tz=NEW_YORK).tz_convert("UTC")
    opening = pd.Timestamp("2018-01-02 04:00", tz=NEW_YORK).tz_convert("UTC")
    wanted = time_weighted(quotes[:bell], pct[:bell], opening, bell)
    days = answer_days(taq, "DAYS FROM nyse:XXX WHERE premarket.spread_pct < 5%")
    assert len(days) == 1
    assert days["premarket_spread_pct"].iloc[0] == pytest.approx(wanted, rel=1e-12)


def answer_days(lake: Path, text: str) -> pd.DataFrame:
    import tapeql

    with tapeql.connect(str(lake)) as db:
        return db.query(text).to_pandas()


@pytest.fixture(scope="module")
def minutes(shared_data: Path) -> pd.DataFrame:
    """SPY's minutes by their opening, with the New York session each lies in."""
    names = ["stamp", "open", "high", "low", "close", "volume"]
    path = shared_data / "us_stocks/pyalgotrade_nt-spy-minute-2011-03.csv"
    raw = pd.read_csv(path, sep=";", header=None, names=names)
    closed = pd.to_datetime(raw["stamp"], format="%Y%m%d %H%M%S", utc=True)
    raw.index = pd.DatetimeIndex(closed - pd.Timedelta(minutes=1))
    local = raw.index.tz_convert(NEW_YORK)
    raw["date"] = local.date
    minute = local.hour * 60 + local.minute
    raw["session"] = np.select(
        [(minute >= 240) & (minute < 570), (minute >= 570) & (minute < 960), (minute >= 960) & (minute < 1200)],
        ["premarket", "regular", "aftermarket"],
        "",
    )
    raw["from_open"] = minute - np.select(
        [raw["session"] == s for s in ("premarket", "regular", "aftermarket")], [240, 570, 960], 0
    )
    return raw


@pytest.mark.parametrize(("interval", "length"), [("5m", 5), ("1h", 60)])
def test_rollups_across_the_clock_change(spy: Path, minutes: pd.DataFrame, interval: str, length: int) -> None:
    """Bars from stored minutes start at the sessions' opens on both sides of 13 March 2011."""
    mine = answer(spy, f"CANDLES {interval} FROM arca:SPY")
    assert set(mine["session"].dropna()) == {"premarket", "regular", "aftermarket"}
    groups = minutes.groupby(["date", "session", minutes["from_open"] // length], sort=False)
    wanted = groups.agg(
        open=("open", "first"),
        high=("high", "max"),
        low=("low", "min"),
        close=("close", "last"),
        volume=("volume", "sum"),
    )
    assert len(mine) == len(wanted)
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(mine[name].to_numpy(float), wanted[name].to_numpy(float), err_msg=name)
    regular = mine[mine["session"] == "regular"]
    first = regular.groupby("session_date").head(1)
    assert {t.strftime("%H:%M") for t in first.index.tz_convert(NEW_YORK)} == {"09:30"}
    assert {t.strftime("%H:%M") for t in first.index} == {"14:30", "13:30"}


def test_days_hold_the_regular_session(spy: Path, minutes: pd.DataFrame) -> None:
    """A day's bar is the regular session; its pre-market measure is the pre-market's own."""
    mine = answer(spy, "CANDLES 1d FROM arca:SPY ADD premarket.high AS ph, gap_pct")
    regular = minutes[minutes["session"] == "regular"].groupby("date")
    np.testing.assert_array_equal(mine["close"].to_numpy(), regular["close"].last().to_numpy())
    np.testing.assert_array_equal(mine["volume"].to_numpy(float), regular["volume"].sum().to_numpy(float))
    before = minutes[minutes["session"] == "premarket"].groupby("date")["high"].max()
    np.testing.assert_array_equal(mine["ph"].to_numpy(), before.reindex(regular["close"].last().index).to_numpy())
    gap = 100 * (regular["open"].first() / regular["close"].last().shift(1) - 1)
    np.testing.assert_allclose(mine["gap_pct"].to_numpy(), gap.to_numpy(), rtol=1e-12)
