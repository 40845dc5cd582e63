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
