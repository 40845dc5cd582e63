"""What single sources do that others do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tapeql.errors import DataError
from tapeql.storage.import_files import import_files
from tapeql.storage.lake import Lake
from tests.importers.conftest import Import
from tests.tapes import us


def test_coinbase_names_the_makers_side(imported: Import) -> None:
    """A `buy` of Coinbase is an order that lay in the book: who came to it sold."""
    text = '[{"trade_id": 1, "side": "buy", "size": "1", "price": "5", "time": "2024-01-02T00:00:00Z"}]'
    (trade,) = imported("BTC-USD.json", text)["trades", "coinbase:BTC-USD", ""]
    assert trade["side"] == "sell"


def test_databentos_top_of_book_holds_quotes(imported: Import) -> None:
    """A row of it holds the event behind it too, which does not make it a trade."""
    text = (
        "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,ts_in_delta,sequence,"
        "bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,bid_ct_00,ask_ct_00,symbol\n"
        "1677628800000000000,1677628800000000000,1,1,5482,A,B,0,3970500000000,5,0,1,1,3970500000000,3970750000000,5,6,1,1,ESH3\n"
    )
    assert imported("mbp-1.csv", text)["quotes", "cme:ESH3", ""] == [
        {"ts": us("2023-03-01"), "bid": 3970.5, "bid_size": 5, "ask": 3970.75, "ask_size": 6, "market": "1"}
    ]


def test_the_name_of_a_wiki_file_ends_before_its_suffix(imported: Import) -> None:
    """WIKI-AAPL.csv holds AAPL, not `AAPL.`."""
    text = "Date,Open,High,Low,Close,Volume,Ex-Dividend,Split Ratio\n2017-01-03,1,2,1,2,5,0.0,1.0\n2017-01-04,1,2,1,2,5,0.0,1.0\n"
    assert set(imported("WIKI-AAPL.csv", text)) == {("candles", "quandl:AAPL", "1d")}


def test_lean_writes_hours_with_a_colon(imported: Import) -> None:
    """`20131007 09:00` is a moment, so that hours of a headerless file are known as LEAN's."""
    rows = imported("equity/usa/hour/spy.csv", "20131007 09:00,1677500,1678500,1677400,1678000,12\n")
    assert [row["open"] for row in rows["candles", "usa:spy", "1h"]] == [167.75]


def test_taq_writes_hours_of_one_digit(imported: Import) -> None:
    """`20240102` and `9:30:00.000877` in two columns are one instant."""
    text = "DATE,TIME_M,EX,SYM_ROOT,SYM_SUFFIX,TR_SCOND,SIZE,PRICE\n20240102,9:30:00.000877,N,IBM,,@,100,5\n"
    (trade,) = imported("taq.csv", text)["trades", "taq:IBM", ""]
    assert trade["ts"] == us("2024-01-02T14:30:00.000877")


def test_ccxt_writes_pairs_with_an_underscore(imported: Import) -> None:
    """BTC_USDT-trades.csv holds BTC/USDT, as candles beside it do."""
    text = "timestamp,id,type,side,price,amount,cost\n1704067200000,1,limit,buy,5,1,5\n"
    assert set(imported("data/binance/BTC_USDT-trades.csv", text)) == {("trades", "binance:BTC/USDT", "")}


def test_alpaca_answers_by_symbol(imported: Import) -> None:
    """The key over a list is its symbol, also where only one was asked for."""
    text = '{"quotes": {"AAPL": [{"t": "2024-01-02T14:30:00Z", "ax": "V", "ap": 2, "as": 1, "bx": "V", "bp": 1, "bs": 1}]}}'
    assert set(imported("quotes.json", text)) == {("quotes", "alpaca:AAPL", "")}


def test_a_folder_of_other_days_says_no_interval(imported: Import) -> None:
    """Massive's `day` and `minute` are words of a file or its folder, not letters somewhere in a path."""
    text = "ticker,volume,open,close,high,low,window_start,transactions\n"
    text += "".join(f"AAPL,5,1,1,2,1,{(1704186000 + 60 * n) * 10**9},2\n" for n in range(3))
    assert set(imported("monday/aapl.csv", text)) == {("candles", "massive:AAPL", "1m")}
    assert set(imported("us_stocks_sip/minute_aggs_v1/2024-01-02.csv", text)) == {("candles", "massive:AAPL", "1m")}


def test_only_coinbases_own_form_is_taken_for_coinbases(imported: Import) -> None:
    """A table with the same common names is anybody's, and its sides are as they stand."""
    text = "trade_id,side,size,price,time\n1,buy,1,5,2024-01-02T00:00:00Z\n"
    (trade,) = imported("trades.csv", text, symbol="x:A")["trades", "x:A", ""]
    assert trade["side"] == "buy"


def test_metatrader_writes_the_side_that_changed(imported: Import) -> None:
    """A blank side stands as it was; a tick that is a trade says nothing of either."""
    rows = (
        "2024.01.02\t00:00:01.000\t1.5\t\t\t\t2\n"
        "2024.01.02\t00:00:02.000\t\t1.7\t\t\t4\n"
        "2024.01.02\t00:00:03.000\t\t\t1.6\t5\t24\n"
        "2024.01.02\t00:00:04.000\t1.6\t\t\t\t2\n"
    )
    text = "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n" + rows
    found = imported("EURUSD_202401020000_202401022359.csv", text, tz="UTC")["quotes", "metatrader:EURUSD", ""]
    assert [(row.get("bid"), row.get("ask")) for row in found] == [(1.5, None), (1.5, 1.7), (1.6, 1.7)]


def test_a_side_that_cannot_be_read_is_not_carried_on(imported: Import, tmp_path: Path) -> None:
    """Of the bid behind one that was set aside nothing is known, until the next one."""
    cells = [("1.5", "1.7"), ("1.5x", "1.8"), ("", "1.9"), ("1.6", ""), ("", "2")]
    lines = [f"2024.01.02\t00:00:0{n}.000\t{bid}\t{ask}\t\t\t6\n" for n, (bid, ask) in enumerate(cells)]
    text = "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\n" + "".join(lines)
    flags = {"tz": "UTC", "quarantine": tmp_path / "aside.csv"}
    found = imported("EURUSD_202401020000_202401022359.csv", text, **flags)["quotes", "metatrader:EURUSD", ""]
    assert [(row.get("bid"), row.get("ask")) for row in found] == [(1.5, 1.7), (None, 1.9), (1.6, 1.9), (1.6, 2)]


def test_half_of_a_pair_is_no_price(imported: Import) -> None:
    """ccapi writes 5_2 for 2 at 5; a 5 alone, which could be either, is refused."""
    text = "time_seconds,bid_price_bid_size,ask_price_ask_size\n1704067200,5_2,6_1\n1704067201,5,6_1\n"
    with pytest.raises(DataError, match=r"depth\.csv:3: bid is not a number: 'not a pair: 5'"):
        imported("coinbase__btc-usd__2024-01-01__market-depth.csv", text)


def test_a_damaged_feather_file_is_refused(tmp_path: Path) -> None:
    """Its third text ends before it begins."""
    ends = pa.py_buffer(np.array([0, 20, 40, 20], np.int32))
    times = pa.Array.from_buffers(pa.string(), 3, [None, ends, pa.py_buffer(b"2024-01-02T00:00:00Z" * 3)])
    table = pa.table([times, pa.array([1.0, 2.0, 3.0]), pa.array([1.0, 2.0, 3.0])], ["ts", "price", "quantity"])
    path = tmp_path / "x_A.feather"
    with pa.ipc.new_file(path, table.schema) as sink:
        sink.write_table(table)
    with pytest.raises(DataError, match=r"x_A\.feather"):
        import_files(Lake(tmp_path / "lake"), [path], symbol="x:A")
    assert not Lake(tmp_path / "lake").exists()
