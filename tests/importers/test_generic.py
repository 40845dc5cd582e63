"""Files of nobody known: told by their columns, in several languages, with dates and numbers of several countries."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tapeql.errors import DataError
from tests.importers.conftest import Import
from tests.importers.sheet import random_dress
from tests.importers.test_layouts import comes_back
from tests.importers.writers import BARE, NAMED, SMALL, USUAL, Writer, candles, quotes, trades

TO_NAME = {"given": {"symbol": "x:{code}"}}
DAYS = {"given": {"symbol": "x:{code}"}, "intervals": {"1d": ""}}
GERMAN = "Eröffnung=german_open | Hoch=german_high | Tief=german_low | Schluss=german_close | Volumen=german_volume"
DAY_FIRST = {"symbol": "x:{code}", "dates": "day-first"}
MONTH_FIRST = {"symbol": "x:{code}", "dates": "month-first"}


def clock(time: str, **more: object) -> Writer:
    """Candles of a minute with such a time."""
    return candles("", "file.csv", "x:{code}", f"{time} | {SMALL}", **{**NAMED, **more})


UTC = {"given": {"symbol": "x:{code}", "tz": "UTC"}}
NEW_YORK = {"given": {"symbol": "x:{code}", "tz": "America/New_York"}, "zone": "America/New_York"}

FILES = (
    clock("ts=iso"), clock("timestamp=s"), clock("Timestamp=ms"), clock("time=us"), clock("open_time=ns"),
    clock("Date=%Y-%m-%d | Time=%H:%M:%S", **NEW_YORK),
    clock("date=%Y%m%d | time=%H%M%S", **UTC),
    clock("Date=%d/%m/%Y | Time=%H:%M", given={**UTC["given"], "dates": "day-first"}),
    clock("Date=%m/%d/%Y %I:%M:%S %p", **{**NEW_YORK, "given": {**NEW_YORK["given"], "dates": "month-first"}}),
    clock("Datum=%d.%m.%Y %H:%M", **UTC), clock("time=%Y%m%d%H%M%S", **UTC), clock("when=iso", given={
        "symbol": "x:{code}", "columns": {"ts": "when"}}),
    clock("time=%Y-%m-%dT%H:%M:%S%z"), clock("datetime=%d %b %Y %H:%M:%S", **UTC),
    clock("datetime=%d-%b-%y %H:%M:%S", **UTC), clock("datetime=%a, %d %b %Y %H:%M:%S GMT"),
    candles("", "file.csv", "x:{code}", f"Datum=%d.%m.%Y | {GERMAN}", mark=";", **DAYS),
    candles("", "file.csv", "x:{code}", f"Datum=%d.%m.%Y | {GERMAN}", mark="\t", **DAYS),
    candles("", "file.csv", "x:{code}", f"Datum=%d.%m.%Y | {GERMAN}", **DAYS),
    candles("", "file.csv", "x:{code}", "Date=%d/%m/%Y | Ouverture=open | Plus haut=high | Plus bas=low | Clôture=close | "
            "Volume=volume", mark=";", **{**DAYS, "given": DAY_FIRST}),
    candles("", "file.csv", "x:{code}", "Fecha=%d/%m/%Y | Apertura=open | Máximo=high | Mínimo=low | Cierre=close | "
            "Volumen=volume", mark=";", **{**DAYS, "given": DAY_FIRST}),
    candles("", "file.csv", "x:{code}", "Date=%m/%d/%y | Open=comma_open | High=comma_high | Low=comma_low | Close=comma_close | "
            "Volume=whole_volume", **{**DAYS, "given": MONTH_FIRST}),
    candles("", "AAPL_1m.csv", "file:{code}", f"s | {BARE}", bare=True),
    candles("", "AAPL.csv", "file:{code}", f"ts=ms | {SMALL}", intervals=USUAL),
    candles("", "all.csv", "nyse:{code}", f"exchange='NYSE | symbol='{{code}} | interval='{{i}} | ts=iso | {SMALL}",
            intervals={"1m": "1min", "5m": "5m", "1h": "60 minutes", "1d": "daily"}),
    trades("", "trades.csv", "x:{code}", "ts=iso | price=price | quantity=quantity | side=side | trade_id=id", **TO_NAME),
    trades("", "ticks.tsv", "x:{code}", "Zeit=%d.%m.%Y %H:%M:%S.%f | Kurs=german_price | Stück=german_quantity", mark="\t", **UTC),
    trades("", "t.csv", "x:{code}", "px=price | qty=quantity | time=ns | is_buyer_maker=maker", mark="|", **TO_NAME),
    trades("", "t.json", "x:{code}", "px=price | qty=quantity | time=us | side=SIDE", form="objects", **TO_NAME),
    quotes("", "q.csv", "x:{code}", "ts=us | best_bid=bid | bid_qty=bid_size | best_ask=ask | ask_qty=ask_size", **TO_NAME),
    quotes("", "q.csv", "x:{code}", "time=iso | bid=bid | ask=ask | bidsize=bid_size | asksize=ask_size", mark=";", **TO_NAME),
)  # fmt: skip


@pytest.mark.parametrize("writer", FILES, ids=repr)
@given(dice=st.randoms(use_true_random=False))
@settings(max_examples=3)
def test_a_tape_comes_back_from_a_file_of_nobody(writer: Writer, dice: random.Random) -> None:
    """Words of a header, shapes of dates and marks in numbers tell what the columns are; no source is claimed."""
    sheet = writer.sheet(writer.tape(dice))
    assert comes_back(sheet, random_dress(dice, sheet)) == ""


def test_a_single_row_that_was_cut_is_refused(imported: Import) -> None:
    """By the name of its source, whose rows are longer, and the end of its line that is not there."""
    name, row = "BTCUSDT-1m-2025-01-01.csv", "1735689600000000,93576.00,93610.93,93537.50,93610.93,8.2"
    with pytest.raises(
        DataError, match="named like a file of Binance Vision klines, whose rows have 12 cells; its only one"
    ):
        imported(name, row)
    assert len(imported(name, row + "\n")) == 1
    with pytest.raises(DataError, match="its only one has 6"):
        imported("BTCUSDT-1d-2024-03-13.csv", "1710288000000,22309.05,22309.61,22309.01,22309.26,6647.")


def test_an_open_of_nought_where_the_volume_has_prices_is_refused(imported: Import) -> None:
    """Two columns that changed places; a source that knows no opens has no such volumes."""
    name = "DAT_ASCII_EURUSD_M1_2012.csv"
    rows = "".join(f"20120201 00{n:02}00;0;1.3067;1.3064;1.3066;{{}}\n" for n in range(3))
    with pytest.raises(DataError, match="a volume that lies where the open should"):
        imported(name, rows.replace("{}", "1.3066"))
    assert imported(name, rows.replace("{}", "25"))
