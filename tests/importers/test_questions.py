"""What a refusal says of a whole file."""

from __future__ import annotations

import pytest

from tapeql.errors import DataError
from tests.importers.conftest import Import


@pytest.mark.parametrize(
    ("times", "told"),
    [(("0", "60"), "--time-unit"), (("13/01/2024 10:00", "01/13/2024 10:01"), "a day in some rows")],
)
def test_times_that_cannot_be_told_name_the_file(imported: Import, times: tuple[str, ...], told: str) -> None:
    """A refusal names the file, also where it is one of many."""
    with pytest.raises(DataError, match=rf"ticks\.csv cannot be taken: .*{told}"):
        imported("ticks.csv", "ts,price,quantity\n" + "".join(f"{t},1,1\n" for t in times), symbol="x:A", tz="UTC")
