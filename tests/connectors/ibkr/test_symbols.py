"""Codes and what they stand for."""

from __future__ import annotations

import pytest
from ib_async.contract import Contract, ContractDetails

from tapeql.connectors.ibkr.symbols import Listing, contract, instrument, listing, the_one
from tapeql.errors import VenueError


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AAPL", Listing("STK", "AAPL", "SMART", "USD")),
        ("BRK.B", Listing("STK", "BRK B", "SMART", "USD")),
        ("AAPL@NASDAQ", Listing("STK", "AAPL", "NASDAQ", "USD")),
        ("SAP@IBIS.EUR", Listing("STK", "SAP", "IBIS", "EUR")),
        ("7203@TSEJ.JPY", Listing("STK", "7203", "TSEJ", "JPY")),
        ("EURUSD", Listing("CASH", "EUR", "IDEALPRO", "USD")),
        ("GOOGLE", Listing("STK", "GOOGLE", "SMART", "USD")),
        ("ESZ5@CME", Listing("FUT", "ESZ5", "CME", "")),
        ("6EH26@CME", Listing("FUT", "6EH26", "CME", "")),
        ("FDAXH6@EUREX.EUR", Listing("FUT", "FDAXH6", "EUREX", "EUR")),
    ],
)
def test_codes(code: str, expected: Listing) -> None:
    """Each form of a code says one kind of instrument."""
    assert listing(code) == expected


@pytest.mark.parametrize("code", ["", "aapl", "AAPL@", "AAPL@nasdaq", "@CME", "AAPL/USD", "AAPL@NASDAQ.", "A\0B"])
def test_what_is_no_code(code: str) -> None:
    """The answer names the forms there are."""
    with pytest.raises(VenueError, match=r"AAPL@NASDAQ"):
        listing(code)


def test_contracts() -> None:
    """A future is asked for by its local symbol, past ones too."""
    future = contract("ESZ5@CME")
    assert (future.secType, future.localSymbol, future.exchange, future.includeExpired) == ("FUT", "ESZ5", "CME", True)
    stock = contract("AAPL")
    assert (stock.secType, stock.symbol, stock.exchange, stock.currency) == ("STK", "AAPL", "SMART", "USD")


def test_several_contracts() -> None:
    """A code that means several things is refused with ways out."""
    found = [
        ContractDetails(contract=Contract(conId=n, primaryExchange=place)) for n, place in ((1, "AMEX"), (2, "LSE"))
    ]
    with pytest.raises(VenueError, match="ABC@AMEX, ABC@LSE"):
        the_one("ABC", found)
    assert the_one("ABC", found[:1]) is found[0]


def test_instruments() -> None:
    """Details give the kind, the steps and IBKR's own spelling where it differs."""
    at = Contract(secType="STK", symbol="SPY", currency="USD", localSymbol="SPY")
    row = instrument("SPY", ContractDetails(contract=at, stockType="ETF", minTick=0.01, sizeIncrement=1.0), 7)
    assert (row.kind, row.base, row.quote, row.price_step, row.quantity_step, row.native) == (
        "etf",
        "SPY",
        "USD",
        0.01,
        1.0,
        None,
    )
