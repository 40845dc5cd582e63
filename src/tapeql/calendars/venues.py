"""Which calendar the symbols of a venue follow, unless a query says otherwise."""

from __future__ import annotations

from typing import Final

_CALENDARS: Final = {
    "XNYS": "nyse xnys arca arcx nysearca amex xase nyseamerican bats cboe bzx byx edgx edga iex memx ltse phlx chx "
    "alpaca massive polygon ibkr iqfeed databento tiingo tradier schwab us usa stock taq firstrate kibot alphavantage",
    "XNAS": "nasdaq xnas",
    "XTSE": "tsx tse_ca xtse tsxv",
    "XMEX": "bmv xmex",
    "BVMF": "b3 bovespa bvmf",
    "XLON": "lse xlon",
    "XDUB": "xdub",
    "XETR": "xetra xetr",
    "XFRA": "xfra frankfurt",
    "XEUR": "eurex xeur",
    "XPAR": "xpar paris",
    "XAMS": "xams amsterdam",
    "XBRU": "xbru brussels",
    "XLIS": "xlis lisbon",
    "XMIL": "xmil milan",
    "XMAD": "bme xmad madrid",
    "XSWX": "six xswx",
    "XWBO": "xwbo vienna",
    "XSTO": "xsto stockholm",
    "XCSE": "xcse copenhagen",
    "XHEL": "xhel helsinki",
    "XOSL": "xosl oslo",
    "XICE": "xice",
    "XWAR": "gpw xwar",
    "XPRA": "xpra",
    "XBUD": "xbud",
    "XIST": "bist xist",
    "XMOS": "moex xmos",
    "XTAE": "tase xtae",
    "XJSE": "jse xjse",
    "XTKS": "tse jpx xtks",
    "XHKG": "hkex sehk xhkg",
    "XSHG": "sse szse xshg xshe",
    "XKRX": "krx xkrx",
    "XTAI": "twse xtai",
    "XSES": "sgx xses",
    "XKLS": "xkls",
    "XBKK": "set_th xbkk",
    "XIDX": "idx xidx",
    "XPHS": "pse xphs",
    "XBOM": "bse xbom",
    "XNSE": "nse xnse",
    "XASX": "asx xasx",
    "XNZE": "nzx xnze",
    "CMES": "cme cbot comex nymex globex",
    "XCBF": "cfe xcbf",
    "forex": "fxcm oanda fx forex histdata dukascopy metatrader",
}

VENUES: Final = {venue: calendar for calendar, venues in _CALENDARS.items() for venue in venues.split()}


def calendar_of(venue: str) -> str:
    """The calendar of a venue; 24x7 for crypto venues and for any name not in the table."""
    return VENUES.get(venue.casefold(), "24x7")
