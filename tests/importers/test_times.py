"""Times of one file that are written in several ways."""

from __future__ import annotations

import pytest

from tapeql.errors import DataError
from tests.importers.conftest import Import
from tests.tapes import us


def instants(imported: Import, *times: str, **flags: str) -> list[int]:
    text = "ts,price,quantity\n" + "".join(f"{time},1,1\n" for time in times)
    return [row["ts"] for row in imported("ticks.csv", text, symbol="x:A", **flags)["trades", "x:A", ""]]


def test_a_time_without_a_zone_among_others_is_refused(imported: Import) -> None:
    """Where times have zones, one without is nobody's: it is not taken for UTC, unless a zone is named for such."""
    times = ("2024-01-02T14:30:00Z", "2024-01-02T14:31:00")
    with pytest.raises(DataError, match=r"ticks\.csv:3: a time without a zone, which those before have .*--tz"):
        instants(imported, *times)
    assert instants(imported, *times, tz="UTC") == [us(time) for time in times]


def test_a_date_with_another_mark_is_refused(imported: Import) -> None:
    """`05.03.2024` behind `03/25/2024` may begin with the day."""
    with pytest.raises(DataError, match=r"ticks\.csv:3: not a time .*: '05\.03\.2024 10:00'"):
        instants(imported, "03/25/2024 10:00", "05.03.2024 10:00", tz="UTC")


def test_dates_decided_in_the_first_rows_hold_for_all(imported: Import) -> None:
    """A date of later rows that the first ones' order makes no date of is refused, not turned round."""
    early = [f"01/{1 + n // 60 % 28:02}/2024 10:{n % 60:02}" for n in range(1000)]
    with pytest.raises(DataError, match=r"ticks\.csv:1002: not a time .*: '25/01/2024 10:00'"):
        instants(imported, *early, "25/01/2024 10:00", tz="UTC")


def test_a_date_without_its_time_is_no_midnight(imported: Import) -> None:
    """Where a date and a time stand in two columns, a row without the time has none."""
    text = "date,time,price,quantity\n2024-01-02,10:00:00,1,1\n2024-01-02,,1,1\n"
    with pytest.raises(DataError, match=r"ticks\.csv:3: no time"):
        imported("ticks.csv", text, symbol="x:A", tz="UTC")


def test_digits_are_not_grouped_by_underscores(imported: Import) -> None:
    """What Python reads as a number is not always what a file may hold."""
    with pytest.raises(DataError, match=r"ticks\.csv:3: not a time in numbers: '1_704_067_200'"):
        instants(imported, "1704067200", "1_704_067_200")
