"""Lakes of recorded markets, imported once for all tests through the importer users run."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pandas as pd
import pytest

from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake

TAQ = "us_stocks/taq_XXX_2018-01-02_{}.parquet"
NEW_YORK = "America/New_York"


@pytest.fixture(scope="session")
def taq(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TAQ day of stock XXX as nyse:XXX: all trades, and the quotes of venue P, which quotes before the open."""
    folder = tmp_path_factory.mktemp("taq")
    quotes = pd.read_parquet(shared_data / TAQ.format("quotes"))
    quotes[quotes["EX"] == "P"].to_parquet(folder / "quotes.parquet")
    lake = Lake(folder / "lake")
    trades = {"ts": "DT", "price": "PRICE", "quantity": "SIZE", "conditions": "COND"}
    import_files(lake, [shared_data / TAQ.format("trades")], "nyse:XXX", "trades", columns=trades)
    sides = {"ts": "DT", "bid": "BID", "bid_size": "BIDSIZ", "ask": "OFR", "ask_size": "OFRSIZ"}
    import_files(lake, [folder / "quotes.parquet"], "nyse:XXX", "quotes", columns=sides)
    return lake.path


@pytest.fixture(scope="session")
def gemini(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Gemini ETH/USD day: trades, and best bids and asks whose file packs price and size into one field."""
    folder = tmp_path_factory.mktemp("gemini")
    lake = Lake(folder / "lake")
    import_files(
        lake,
        [shared_data / "crypto/gemini_ethusd_2021-07-01_trade.csv"],
        "gemini:ETH/USD",
        "trades",
        columns={"ts": "time_seconds", "quantity": "size", "buyer_maker": "is_buyer_maker"},
        time_unit="s",
    )
    with (
        open(shared_data / "crypto/gemini_ethusd_2021-07-01_bbo.csv", newline="") as packed,
        open(folder / "quotes.csv", "w", newline="") as unpacked,
    ):
        writer = csv.writer(unpacked)
        writer.writerow(["ts", "bid", "bid_size", "ask", "ask_size"])
        for row in csv.DictReader(packed):
            writer.writerow(
                [row["time_seconds"], *row["bid_price_bid_size"].split("_"), *row["ask_price_ask_size"].split("_")]
            )
    import_files(lake, [folder / "quotes.csv"], "gemini:ETH/USD", "quotes", time_unit="s")
    return lake.path


@pytest.fixture(scope="session")
def spy(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SPY minutes of March 2011, stamped by their close in UTC; the file has no header."""
    lake = Lake(tmp_path_factory.mktemp("spy") / "lake")
    names = ("ts", "open", "high", "low", "close", "volume")
    import_files(
        lake,
        [shared_data / "us_stocks/pyalgotrade_nt-spy-minute-2011-03.csv"],
        "arca:SPY",
        "candles",
        columns={name: f"#{place}" for place, name in enumerate(names, 1)},
        interval="1m",
        stamp="close",
        tz="UTC",
    )
    return lake.path


@pytest.fixture(scope="session")
def xrp(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The XRP/ETH trades of a venue that also publishes its own candles."""
    folder = tmp_path_factory.mktemp("xrp")
    with gzip.open(shared_data / "crypto/freqtrade_XRP_ETH-trades.json.gz") as packed:
        trades = json.load(packed)
    with open(folder / "trades.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ts", "trade_id", "side", "price", "quantity"])
        writer.writerows([ts, number, side, price, amount] for ts, number, _, side, price, amount, _ in trades)
    lake = Lake(folder / "lake")
    import_files(lake, [folder / "trades.csv"], "binance:XRPETH", "trades", time_unit="ms")
    return lake.path


@pytest.fixture(scope="session")
def binance_trades(shared_data: Path) -> pd.DataFrame:
    """The trades of a recorded raw stream, in order of arrival."""
    with gzip.open(shared_data / "wire/binance/spot_btcusdt_20240808.raw.gz", "rt") as lines:
        frames = [json.loads(line.split(" ", 1)[1]) for line in lines if "@trade" in line]
    rows = [f["data"] for f in frames]
    return pd.DataFrame(
        {
            "ts": [row["T"] for row in rows],
            "trade_id": [row["t"] for row in rows],
            "price": [float(row["p"]) for row in rows],
            "quantity": [float(row["q"]) for row in rows],
            "buyer_maker": [row["m"] for row in rows],
        }
    )


@pytest.fixture(scope="session")
def binance(binance_trades: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("binance")
    binance_trades.to_csv(folder / "trades.csv", index=False)
    lake = Lake(folder / "lake")
    import_files(lake, [folder / "trades.csv"], "binance:BTCUSDT", "trades", time_unit="ms")
    return lake.path
