"""Files people have, in the layout of each source: what each is taken for, and what it must be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tapeql.errors import DataError
from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake
from tests.importers.stored import stored
from tests.tapes import us


@dataclass(frozen=True)
class Case:
    """One file; `flags` are what it does not say, `first` the first row, `rows` how many there are."""

    file: str
    kind: str
    symbol: str
    interval: str
    ts: str
    first: Mapping[str, Any]
    flags: Mapping[str, str] = field(default_factory=dict)
    rows: int = 2
    skipped: int = 0
    aside: str = ""


def bar(open: float, high: float, low: float, close: float, **more: float) -> dict[str, float]:
    return {"open": open, "high": high, "low": low, "close": close, **more}


A = {"symbol": "x:A"}
MINUTE = {**A, "interval": "1m"}
LEAN = "lean/equity/usa/minute/spy/20131007_trade.zip"

CASES = (
    Case(
        "BTCUSDT-1m-2025-01-01.zip", "candles", "binance:BTCUSDT", "1m", "2025-01-01",
        bar(93576, 93610.93, 93537.5, 93610.93, volume=8.21827, trades=2631, vwap=768978.55 / 8.21827),
    ),
    Case(
        "BTCUSDT-trades-2025-01-01.zip", "trades", "binance:BTCUSDT", "", "2025-01-01T00:00:00.000123",
        {"price": 93576, "quantity": 0.0001, "side": "sell", "trade_id": "4359390910", "buyer_maker": True},
    ),
    Case(
        "BTCUSDT-aggTrades-2024-12-31.zip", "trades", "binance:BTCUSDT", "", "2024-12-31T00:00:00.123",
        {"price": 92000, "quantity": 0.001, "side": "sell", "trade_id": "3334770001", "buyer_maker": True},
    ),
    Case("XBTUSD.csv", "trades", "kraken:XBTUSD", "", "2013-10-06T21:34:15", {"price": 122, "quantity": 0.1}, rows=3),
    Case(
        "XBTUSD_60.csv", "candles", "kraken:XBTUSD", "1h", "2013-10-06T21:00",
        bar(122, 122, 122, 122, volume=0.1, trades=1),
    ),
    Case(
        "Binance_BTCUSDT_1h.csv", "candles", "binance:BTCUSDT", "1h", "2023-11-14T23:00",
        bar(35500, 35600, 35400, 35528.66, volume=600.3, trades=25100, vwap=21300000.1 / 600.3),
    ),
    Case(
        "DAT_ASCII_EURUSD_M1_2012.csv", "candles", "histdata:EURUSD", "1m", "2012-02-01T05:00",
        bar(1.3066, 1.3066, 1.30656, 1.30656),
    ),
    Case(
        "EURUSD_Candlestick_1_M_BID.csv", "candles", "dukascopy:EURUSD", "1m", "2020-01-01T22:00",
        bar(1.1212, 1.1214, 1.1211, 1.12135, volume=120.5),
    ),
    Case(
        "EURUSD_M1.csv", "candles", "metatrader:EURUSD", "1m", "2024-01-01T22:00",
        bar(1.1043, 1.1044, 1.1042, 1.10431, trades=34), {"tz": "Europe/Athens"},
    ),
    Case(
        "aapl_us_d.txt", "candles", "stooq:AAPL.US", "1d", "2024-01-02",
        bar(186.03, 187.31, 182.79, 184.53, volume=82488674),
    ),
    Case(
        "yfinance_multiindex.csv", "candles", "yahoo:AAPL", "1d", "2024-01-02",
        bar(185.57, 186.86, 182.34, 184.08, volume=82488700),
    ),
    Case(
        "yahoo_download.csv", "candles", "x:A", "1d", "2024-01-02",
        bar(187.15, 188.44, 183.89, 185.64, volume=82488700), A, skipped=1, aside="Adj Close",
    ),
    Case(
        "investing_com.csv", "candles", "x:A", "1d", "2025-03-07",
        bar(5726.01, 5783.01, 5666.29, 5770.20, volume=980500), A, aside="Change %",
    ),
    Case(
        "tradingview.csv", "candles", "x:A", "1m", "2024-01-02T09:10",
        bar(187.15, 187.5, 186.9, 187.1, volume=120000), A, aside="RSI",
    ),
    Case(
        "AAPL_1min.txt", "candles", "file:AAPL", "1m", "2024-01-02T09:00",
        bar(191.62, 191.79, 191.4, 191.58, volume=3415), {"tz": "America/New_York"},
    ),
    Case(LEAN, "candles", "usa:spy", "1m", "2013-10-07T13:30", bar(167.75, 167.85, 167.74, 167.8, volume=120000)),
    Case("BTC_USDT-1h.feather", "candles", "freqtrade:BTC/USDT", "1h", "2024-01-01", bar(42000, 42200, 41900, 42100, volume=10)),
    Case("BTC_USDT-1h.json", "candles", "freqtrade:BTC/USDT", "1h", "2024-01-01", bar(42000, 42200, 41900, 42100, volume=10)),
    Case("lona.json", "candles", "binance:BTCUSDT", "1h", "2024-01-01", bar(42000, 42200, 41900, 42100, volume=10), rows=1),
    Case("german_excel.csv", "candles", "x:A", "1d", "2024-01-02", bar(42000.5, 42200.1, 41900, 42100.2, volume=10.5), A),
    Case("pandas_index.parquet", "candles", "x:A", "1m", "2024-01-02T14:30", bar(1, 2, 0.5, 1.5, volume=10), A, rows=3),
    Case("two_symbols_long.parquet", "candles", "file:AAPL", "1m", "2024-01-02T14:30", bar(1, 2, 0.5, 1.5, volume=10)),
    Case("two_symbols_long.parquet", "candles", "file:MSFT", "1m", "2024-01-02T14:30", bar(2, 3, 1, 2.5, volume=20)),
    Case(
        "massive_minute_2024-01-02.csv.gz", "candles", "massive:AAPL", "1m", "2024-01-02T09:00",
        bar(191.62, 191.79, 191.4, 191.58, volume=3415, trades=120), rows=1,
    ),
    Case("massive_minute_2024-01-02.csv.gz", "candles", "massive:MSFT", "1m", "2024-01-02T09:00",
        bar(370.1, 370.3, 370, 370.2, volume=100, trades=12), rows=1),
    Case(
        "massive_trades.csv.gz", "trades", "massive:AAPL", "", "2024-01-02T09:00:00.0124",
        {"price": 191.62, "quantity": 100, "trade_id": "1", "conditions": "12,37", "market": "11"},
    ),
    Case(
        "binance_trades_2020-09-01_BTCUSDT.csv.gz", "trades", "binance:BTCUSDT", "", "2020-09-01T00:00:00.123",
        {"price": 11657.07, "quantity": 0.01, "side": "buy", "trade_id": "399000001"},
    ),
    Case(
        "binance_quotes_2020-09-01_BTCUSDT.csv.gz", "quotes", "binance:BTCUSDT", "", "2020-09-01T00:00:00.123",
        {"bid": 11657.07, "bid_size": 0.4, "ask": 11657.08, "ask_size": 1.5},
    ),
    Case(
        "dbn_trades.csv", "trades", "cme:ESH3", "", "2023-03-01T00:00:00.000234",
        {"price": 3970.5, "quantity": 2, "side": "sell", "market": "1"},
    ),
    Case(
        "dbn_ohlcv.csv", "candles", "cme:ESH3", "1m", "2023-03-01",
        bar(3970.5, 3971, 3970.25, 3970.75, volume=100), rows=1,
    ),
    Case("decimal_ns.parquet", "trades", "x:A", "", "2024-01-02T09:00", {"price": 191.62, "quantity": 100}, A, rows=1),
    Case("no_volume.csv", "candles", "x:A", "1m", "2024-01-02", bar(1, 2, 0.5, 1.5), MINUTE, rows=1),
    Case("plain.csv.xz", "candles", "x:A", "1m", "2024-01-02", bar(1, 2, 0.5, 1.5, volume=10), MINUTE, rows=1),
    Case("plain.csv.bz2", "candles", "x:A", "1m", "2024-01-02", bar(1, 2, 0.5, 1.5, volume=10), MINUTE, rows=1),
)  # fmt: skip


@pytest.fixture
def folder(shared_data: Path) -> Path:
    return shared_data.parent / "cases" / "files"


@pytest.mark.shared
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{Path(case.file).name}-{case.symbol}")
def test_a_file_gives_its_rows(folder: Path, lake: Lake, case: Case) -> None:
    """A file alone, or with what it cannot say, gives the rows it holds, under the symbol it names."""
    report = import_files(lake, [folder / case.file], **case.flags)
    rows = stored(lake)[case.kind, case.symbol, case.interval]
    assert (len(rows), report.skipped, report.refused) == (case.rows, case.skipped, 0)
    assert rows[0] == {"ts": us(case.ts), **case.first}
    assert case.aside in ("", *report.files[0].aside)


@pytest.mark.shared
@pytest.mark.parametrize("case", [case for case in CASES if case.flags], ids=lambda case: case.file)
def test_what_a_file_does_not_say_is_asked_for(folder: Path, lake: Lake, case: Case) -> None:
    """All that is missing is named at once, a flag each, and nothing else is."""
    with pytest.raises(DataError) as caught:
        import_files(lake, [folder / case.file])
    asked = {line.split()[0] for line in str(caught.value).splitlines()[1:]}
    assert asked == {f"--{flag}" for flag in case.flags}
    assert not lake.exists()


@pytest.mark.shared
def test_every_file_has_an_expectation(folder: Path) -> None:
    """No file of the folder goes untested."""
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {case.file for case in CASES} | {"README.md", "one_bad_row.csv"}


@pytest.mark.shared
def test_one_symbol_of_several_is_picked(folder: Path, lake: Lake) -> None:
    """`--symbol` picks by the column of symbols, and never puts several under one name."""
    report = import_files(lake, [folder / "two_symbols_long.parquet"], "nasdaq:AAPL")
    assert report.symbols == {"nasdaq:AAPL": 2}
    assert report.skipped == 2


@pytest.mark.shared
def test_one_bad_row(folder: Path, lake: Lake, tmp_path: Path) -> None:
    """A broken row is told with file, line and reason, or set aside; the good ones are not lost without a word."""
    with pytest.raises(DataError, match=r"one_bad_row\.csv:3: open is not a number: 'oops'"):
        import_files(lake, [folder / "one_bad_row.csv"], "x:A")
    assert not lake.exists()
    report = import_files(lake, [folder / "one_bad_row.csv"], "x:A", quarantine=tmp_path / "aside.csv")
    assert (report.added, report.refused) == (2, 1)
