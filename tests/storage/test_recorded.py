"""Recorded market data goes in as its publishers wrote it, and comes out as an independent reading has it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pytest

from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake
from tapeql.storage.schema import TABLES

pytestmark = pytest.mark.shared

PLACES = {name: f"#{place}" for place, name in enumerate(("ts", "open", "high", "low", "close", "volume"), 1)}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def stored(lake: Lake, table: str, symbol: str, interval: str = "") -> pd.DataFrame:
    venue, code = symbol.split(":")
    schema = TABLES[table].schema
    batches = lake.snapshot().scan(table, venue, code, -(2**62), 2**62, schema.names, interval)
    frame: pd.DataFrame = pa.Table.from_batches(batches, schema).to_pandas()
    return frame


def test_a_day_of_gemini_trades(lake: Lake, shared_data: Path) -> None:
    """25,222 trades: milliseconds exact, sides from the maker, none lost to equal instants."""
    path = shared_data / "crypto" / "gemini_ethusd_2021-07-01_trade.csv"
    columns = {"ts": "time_seconds", "quantity": "size", "buyer_maker": "is_buyer_maker"}
    report = import_files(lake, [path], "gemini:ETH/USD", "trades", columns=columns)
    assert (report.read, report.added) == (25_222, 25_222)
    trades = stored(lake, "ticks", "gemini:ETH/USD")
    raw = pd.read_csv(path, dtype=str)
    seconds = raw["time_seconds"].str.partition(".")
    expected_us = seconds[0].astype("int64") * 1_000_000 + seconds[2].str.ljust(6, "0").astype("int64")
    assert (trades["ts"].astype("int64") == expected_us).all()
    assert (trades["price"] == raw["price"].astype(float)).all()
    assert ((trades["side"] == "sell") == (raw["is_buyer_maker"] == "1")).all()
    assert import_files(lake, [path], "gemini:ETH/USD", "trades", columns=columns).present == 25_222


def test_gemini_quotes_unpacked(lake: Lake, shared_data: Path, tmp_path: Path) -> None:
    """72,180 best bids and offers, once their packed price_size fields are unpacked."""
    raw = pd.read_csv(shared_data / "crypto" / "gemini_ethusd_2021-07-01_bbo.csv", dtype=str)
    flat = pd.DataFrame({"ts": raw["time_seconds"]})
    for side in ("bid", "ask"):
        flat[[side, f"{side}_size"]] = raw[f"{side}_price_{side}_size"].str.split("_", expand=True)
    flat.to_csv(tmp_path / "bbo.csv", index=False)
    assert import_files(lake, [tmp_path / "bbo.csv"], "gemini:ETHUSD", "quotes", time_unit="s").added == 72_180
    quotes = stored(lake, "quotes", "gemini:ETHUSD")
    assert (quotes["ask_size"] == flat["ask_size"].astype(float)).all()


def test_a_month_of_spy_minutes_stamped_by_their_close(lake: Lake, shared_data: Path) -> None:
    """17,577 headerless minutes between semicolons move back a minute, over the clock change too."""
    path = shared_data / "us_stocks" / "pyalgotrade_nt-spy-minute-2011-03.csv"
    report = import_files(lake, [path], "nyse:SPY", "candles", columns=PLACES, interval="1m", stamp="close", tz="UTC")
    assert report.added == 17_577
    minutes = stored(lake, "ohlcv", "nyse:SPY", "1m")
    raw = pd.read_csv(path, sep=";", header=None)
    stamps = pd.to_datetime(raw[0], format="%Y%m%d %H%M%S", utc=True) - pd.Timedelta("1min")
    assert (minutes["ts"] == stamps).all()
    assert (minutes["close"] == raw[4]).all()
    local = minutes["ts"].dt.tz_convert("America/New_York")
    opens = local.groupby(local.dt.strftime("%m-%d")).min().dt.strftime("%H:%M")
    assert opens["03-11"][:4] == opens["03-14"][:4] == "04:0"


def test_agg_trades_rebuild_the_exchange_candles(lake: Lake, shared_data: Path, tmp_path: Path) -> None:
    """12,477 trades give the exchange's own 2,469 minutes, and both are stored side by side."""
    with gzip.open(shared_data / "crypto" / "freqtrade_XRP_ETH-trades.json.gz") as file:
        rows = json.load(file)
    path = tmp_path / "trades.csv"
    frame = pd.DataFrame(rows, columns=["ts", "trade_id", "type", "side", "price", "quantity", "cost"])
    frame.to_csv(path, index=False)
    assert import_files(lake, [path], "binance:XRPETH", "trades", time_unit="ms").added == 12_477
    candles = shared_data / "crypto" / "freqtrade_XRP_ETH-1m.feather"
    report = import_files(lake, [candles], "binance:XRPETH", "candles", columns={"ts": "date"}, interval="1m")
    assert report.added == 2_469
    trades = stored(lake, "ticks", "binance:XRPETH")
    assert (trades["seq"].astype(str) == trades["trade_id"]).all()
    minutes = trades.groupby(trades["ts"].dt.floor("1min"))
    rebuilt = pd.DataFrame(
        {"open": minutes["price"].first(), "high": minutes["price"].max(), "close": minutes["price"].last()}
    )
    theirs = stored(lake, "ohlcv", "binance:XRPETH", "1m").set_index("ts")
    traded = theirs[theirs["volume"] > 0]
    assert rebuilt.index.equals(traded.index)
    assert (rebuilt == traded[["open", "high", "close"]]).all(axis=None)


def test_freqtrade_candles_come_through_unchanged(lake: Lake, shared_data: Path) -> None:
    """5,760 five-minute candles of a feather file, in their order and to the last bit."""
    path = shared_data / "ohlcv" / "freqtrade_LTC_BTC-5m.feather"
    import_files(lake, [path], "binance:LTC/BTC", "candles", columns={"ts": "date"}, interval="5m")
    theirs = feather.read_table(path).to_pandas()
    ours = stored(lake, "ohlcv", "binance:LTC/BTC", "5m")
    assert len(ours) == 5_760
    assert (ours["ts"].astype("int64") == theirs["date"].astype("datetime64[us, UTC]").astype("int64")).all()
    assert (ours[["open", "high", "low", "close", "volume"]] == theirs[["open", "high", "low", "close", "volume"]]).all(
        axis=None
    )


def test_a_taq_day(lake: Lake, shared_data: Path, tmp_path: Path) -> None:
    """39,470 trades with conditions, nanosecond noise floored; the cross printed twice is kept twice."""
    path = shared_data / "us_stocks" / "taq_XXX_2018-01-02_trades.parquet"
    columns = {"ts": "DT", "quantity": "SIZE", "conditions": "COND"}
    assert import_files(lake, [path], "nyse:XXX", "trades", columns=columns).added == 39_470
    trades, raw = stored(lake, "ticks", "nyse:XXX"), pd.read_parquet(path)
    order = np.argsort(raw["DT"].astype("int64").to_numpy() // 1000, kind="stable")
    assert (trades["ts"].astype("int64").to_numpy() == raw["DT"].astype("int64").to_numpy()[order] // 1000).all()
    assert (trades["conditions"].fillna("").to_numpy() == raw["COND"].to_numpy()[order]).all()
    quotes = pd.read_parquet(shared_data / "us_stocks" / "taq_XXX_2018-01-02_quotes.parquet").query("EX == 'P'")
    quotes.to_parquet(tmp_path / "p.parquet")
    columns = {"ts": "DT", "ask": "OFR", "ask_size": "OFRSIZ", "bid_size": "BIDSIZ"}
    assert import_files(lake, [tmp_path / "p.parquet"], "nyse:XXX", "quotes", columns=columns).added == len(quotes)


def test_nautilus_samples(lake: Lake, shared_data: Path) -> None:
    """Binance trades with numeric ids and `True`/`False` makers, and its quotes."""
    folder = shared_data / "crypto"
    trades = folder / "nautilus_binance_btcusdt-trades.parquet"
    assert import_files(lake, [trades], "binance:BTCUSDT", "trades", columns={"ts": "timestamp"}).added == 2_001
    found = stored(lake, "ticks", "binance:BTCUSDT")
    assert (np.diff(found["seq"]) > 0).all()
    assert set(found["side"]) == {"buy", "sell"}
    quotes = folder / "nautilus_binance_btcusdt-quotes.parquet"
    assert import_files(lake, [quotes], "binance:BTCUSDT", "quotes", columns={"ts": "timestamp"}).added == 451


def test_daily_bars_newest_first(lake: Lake, shared_data: Path) -> None:
    """252 days written newest first are stored oldest first, a year a file."""
    path = shared_data / "ohlcv" / "wiki-aapl-2011-quandl.csv"
    import_files(lake, [path], "nasdaq:AAPL", "candles", columns={"ts": "date"}, interval="1d")
    days = stored(lake, "ohlcv", "nasdaq:AAPL", "1d")
    assert days["ts"].is_monotonic_increasing
    assert [part.path for part in lake.snapshot().parts("ohlcv", "nasdaq", "AAPL", "1d")] == [
        "ohlcv/nasdaq/AAPL/1d/2011.parquet"
    ]


def test_headerless_archives(lake: Lake, shared_data: Path) -> None:
    """A zipped CSV without a header, mapped by place."""
    path = shared_data / "ohlcv" / "lean_coinbase_daily_btcusd_trade.zip"
    assert import_files(lake, [path], "coinbase:BTCUSD", "candles", columns=PLACES, interval="1d").added == 1_318
