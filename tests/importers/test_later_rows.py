"""Files whose first thousand rows look one way, and whose later rows another."""

from __future__ import annotations

import pytest

from tapeql.errors import DataError
from tests.importers.conftest import Import

FIRST = 1704067200
SAMPLE = 1000


def test_an_interval_that_changes_is_refused(imported: Import) -> None:
    """A column of intervals is read in every row: candles of another length are no candles of this one."""
    head = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>\n"
    rows = [f"AAPL.US,5,20240102,{n // 12 % 24:02}{n % 12 * 5:02}00,1,2,1,2,5,0\n" for n in range(SAMPLE)]
    with pytest.raises(DataError, match=r"stooq\.txt:1002: its interval is not 5, as those before: 60"):
        imported("stooq.txt", head + "".join(rows) + rows[0].replace(",5,2", ",60,2"), tz="UTC")


@pytest.mark.parametrize(("first", "later"), [("3970500000000", "3970.500000000"), ("3970.500000000", "3970500000000")])
def test_prices_in_other_units_are_refused(imported: Import, first: str, later: str) -> None:
    """Databento writes 3970.5 in one of two ways, and a file in one: the other one is a billion times off."""
    head = "ts_event,rtype,publisher_id,instrument_id,open,high,low,close,volume,symbol\n"
    rows = [
        f"{FIRST + 60 * n}000000000,33,1,5482," + f"{first if n < SAMPLE else later}," * 4 + "5,ESH3\n"
        for n in range(SAMPLE + 1)
    ]
    with pytest.raises(DataError, match=rf"dbn\.csv:1002: open is a .* among .*: {later}"):
        imported("dbn.csv", head + "".join(rows))


def test_candles_that_come_to_lie_closer_are_refused(imported: Import) -> None:
    """Minutes behind hours in one file are no hours; who says how long they are is believed."""
    hours = [f"{FIRST + 3600 * n},1,2,1,2,5\n" for n in range(SAMPLE)]
    text = "ts,open,high,low,close,volume\n" + "".join(hours) + f"{FIRST + 3600 * SAMPLE + 60},1,2,1,2,5\n"
    text += f"{FIRST + 3600 * SAMPLE + 120},1,2,1,2,5\n"
    with pytest.raises(
        DataError, match=r"hours\.csv is taken for candles of 1h, of which two begin at .*--interval 1h"
    ):
        imported("hours.csv", text, symbol="x:A")
    assert len(imported("hours.csv", text, symbol="x:A", interval="1h")["candles", "x:A", "1h"]) == SAMPLE + 2


def test_days_of_a_zone_may_be_an_hour_short(imported: Import) -> None:
    """New York's 10 March 2024 had 23 hours: its days do not overlap."""
    text = "".join(
        f"{day},1,2,1,2,5\n"
        for day in ("2024-03-09 00:00:00-05:00", "2024-03-10 00:00:00-05:00", "2024-03-11 00:00:00-04:00")
    )
    assert (
        len(imported("A_1d.csv", "ts,open,high,low,close,volume\n" + text, symbol="x:A")["candles", "x:A", "1d"]) == 3
    )


def test_a_symbol_is_picked_though_it_comes_late(imported: Import) -> None:
    """A file sorted by symbol shows one of them at first: only rows that all have one code can be named another."""
    rows = "".join(f"{FIRST + n},{code},{1 + k},5\n" for k, code in enumerate("AB") for n in range(SAMPLE + 1))
    text = "ts,symbol,price,quantity\n" + rows
    for code, price in (("A", 1.0), ("B", 2.0)):
        found = imported("trades.csv", text, symbol=f"x:{code}")["trades", f"x:{code}", ""]
        assert {row["price"] for row in found} == {price}
        assert len(found) == SAMPLE + 1
    with pytest.raises(DataError, match="has no rows of 'C'; it holds A, B"):
        imported("trades.csv", text, symbol="x:C")
    renamed = imported("other.csv", text.replace(",B,", ",A,"), symbol="x:C")
    assert len(renamed["trades", "x:C", ""]) == 2 * SAMPLE + 2
