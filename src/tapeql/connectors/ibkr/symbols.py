"""Codes of IBKR's instruments, which have no names of their own, and the contracts they stand for.

AAPL  BRK.B        a stock in US dollars, at whichever exchange is best (SMART)
AAPL@NASDAQ        the stock at that exchange alone
SAP@IBIS.EUR       … in another currency
EURUSD             two currencies: their exchange rate (IDEALPRO)
ESZ5@CME           a future: root, month letter and year, and always its exchange
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tapeql.connectors.events import Instrument
from tapeql.errors import VenueError

if TYPE_CHECKING:
    from ib_async.contract import Contract, ContractDetails

VENUE: Final = "ibkr"

_CURRENCIES: Final = (
    "AED AUD CAD CHF CNH CZK DKK EUR GBP HKD HUF ILS JPY KRW MXN NOK NZD PLN SAR SEK SGD TRY TWD USD ZAR"
)
CURRENCIES: Final = frozenset(_CURRENCIES.split())
"""Those that trade against each other on IDEALPRO."""

_FORMS: Final = "AAPL, AAPL@NASDAQ, SAP@IBIS.EUR, EURUSD or ESZ5@CME"
_CODE: Final = re.compile(
    r"(?P<name>[A-Z0-9][A-Z0-9. ]{0,19})(?:@(?P<place>[A-Z0-9]{2,12})(?:\.(?P<currency>[A-Z]{3}))?)?"
)
_FUTURE: Final = re.compile(r"[A-Z0-9]{1,5}[FGHJKMNQUVXZ][0-9]{1,2}")

_KINDS: Final = {"STK": "stock", "CASH": "forex", "FUT": "future"}


@dataclass(frozen=True, slots=True)
class Listing:
    """What a code says: `security` is IBKR's word for its kind, `name` the symbol, or the local symbol of a future."""

    security: str
    name: str
    exchange: str
    currency: str


def listing(code: str) -> Listing:
    """Reads a code. Raises VenueError naming the forms there are."""
    read = _CODE.fullmatch(code)
    if read is None:
        raise VenueError(f"{code!r} is no code of IBKR; write {_FORMS}")
    name, place, currency = read["name"], read["place"], read["currency"]
    if place is not None and _FUTURE.fullmatch(name):
        return Listing("FUT", name, place, currency or "")
    if place is None and len(name) == 6 and {name[:3], name[3:]} <= CURRENCIES and name[:3] != name[3:]:
        return Listing("CASH", name[:3], "IDEALPRO", name[3:])
    # Classes of a stock: BRK.B here, "BRK B" there.
    return Listing("STK", name.replace(".", " "), place or "SMART", currency or "USD")


def contract(code: str) -> Contract:
    """The contract to ask for. Raises VenueError."""
    from ib_async.contract import Contract

    said = listing(code)
    if said.security == "FUT":
        return Contract(
            secType="FUT", localSymbol=said.name, exchange=said.exchange, currency=said.currency, includeExpired=True
        )
    return Contract(secType=said.security, symbol=said.name, exchange=said.exchange, currency=said.currency)


def the_one(code: str, found: list[ContractDetails]) -> ContractDetails:
    """The contract meant by a code, of those IBKR found. Raises VenueError where that is not one."""
    if not found:
        raise VenueError(f"IBKR knows no {code}")
    if len({details.contract.conId for details in found if details.contract}) > 1:
        places = sorted(
            {details.contract.primaryExchange or details.contract.exchange for details in found if details.contract}
        )
        raise VenueError(f"{code} is several things at IBKR; say where: {', '.join(f'{code}@{p}' for p in places[:5])}")
    return found[0]


def instrument(code: str, details: ContractDetails, now_us: int) -> Instrument:
    """A contract's details as a row."""
    at = details.contract
    assert at is not None
    kind = "etf" if details.stockType == "ETF" else _KINDS.get(at.secType, at.secType.lower())
    return Instrument(
        VENUE,
        code,
        now_us,
        kind,
        at.symbol or None,
        at.currency or None,
        details.minTick if details.minTick > 0 else None,
        details.sizeIncrement if details.sizeIncrement > 0 else None,
        "trading",
        at.localSymbol if at.localSymbol not in ("", code) else None,
    )
