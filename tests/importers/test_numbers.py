"""Numbers that could be two: never guessed in silence."""

from __future__ import annotations

import pytest

from tapeql.errors import DataError
from tests.importers.conftest import Import

HEAD = "ts;price;quantity\n"


def prices(imported: Import, *cells: str, mark: str = ";") -> list[float]:
    text = "".join(f'{1704067200 + n};"{cell}";1\n' for n, cell in enumerate(cells))
    rows = imported("trades.csv", (HEAD + text).replace(";", mark), symbol="x:A")
    return [row["price"] for row in rows["trades", "x:A", ""]]


@pytest.mark.parametrize(
    ("cells", "wrong"),
    [
        (("1.123", "2.456", "1,789"), r"1\.123"),
        (("10,5", "10,25", "10.500"), "10.500"),
        (("17234", "17.5", "1'234"), "1'234"),
        (("17234.5", "1 234"), "1 234"),
        (("42.5", "$2.5"), r"\$2.5"),
        (("12.5", "12%"), "12%"),
    ],
)
def test_a_number_written_otherwise_is_refused(imported: Import, cells: tuple[str, ...], wrong: str) -> None:
    """A mark that no other number of the column has there could be a decimal mark or a digit gone wrong."""
    with pytest.raises(DataError, match=rf"\.csv:\d: price is not .*: ['\"]{wrong}['\"]"):
        prices(imported, *cells)


def test_a_sign_of_money_that_comes_late_is_refused(imported: Import) -> None:
    """A column of bare numbers, as its first thousand rows are, has no dollars."""
    with pytest.raises(DataError, match=r"csv:1002: price is not .*'\$2\.5'"):
        prices(imported, *["42.5"] * 1000, "$2.5")


def test_a_decimal_comma_that_comes_late_is_refused(imported: Import) -> None:
    """A file's decimal mark is that of its first thousand rows."""
    with pytest.raises(DataError, match=r"csv:1002: price is not .*'42,5'"):
        prices(imported, *["42.5"] * 1000, "42,5")
    with pytest.raises(DataError, match=r"csv:1002: price is not .*'42\.5'"):
        prices(imported, *["42,5"] * 1000, "42.5")


@pytest.mark.parametrize(
    ("cells", "read"),
    [
        (("999.50", "1,000.25"), [999.5, 1000.25]),
        (("1,234,567.5", "1,250"), [1234567.5, 1250]),
        (("950", "1,250"), [950, 1250]),
        (("1'234.50", "999.5"), [1234.5, 999.5]),
    ],
)
def test_thousands_that_can_be_nothing_else_are_read(
    imported: Import, cells: tuple[str, ...], read: list[float]
) -> None:
    """Marks between thousands are known by a fraction behind them, by being two, or where no number has a fraction."""
    assert prices(imported, *cells, mark=",") == read


def test_a_thousand_of_nobody_else_is_refused(imported: Import) -> None:
    """`5k` in a column of plain numbers is a letter gone astray."""
    with pytest.raises(DataError, match=r"csv:4: price is not .*: '5k'"):
        prices(imported, "42.5", "42.25", "5k")


def test_amounts_may_be_millions_and_prices_not(imported: Import) -> None:
    """`1.2M` is a volume as some sources write it; a price like that stands in the wrong column."""
    text = "ts,price,quantity\n" + "".join(f"{1704067200 + n},5,{q}\n" for n, q in enumerate(("1.23M", "980.5K", "2B")))
    rows = imported("trades.csv", text, symbol="x:A")["trades", "x:A", ""]
    assert [row["quantity"] for row in rows] == [1.23e6, 980.5e3, 2e9]
    with pytest.raises(DataError, match=r"csv:2: price is not .*: '1\.23M'"):
        prices(imported, "1.23M", "980.5K")
