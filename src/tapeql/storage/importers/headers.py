"""What people call their columns, in several languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tapeql.storage.importers.layout import plain_name

_TIMES: Final = (
    "ts tsevent timestamp timestampns timestampus timestampms time datetime date unix epoch unixtime opentime timeseconds timems "
    "starttime start begin windowstart siptimestamp transacttime tradetime createdtime gmttime utctime localtime barstart timeutc "
    "dateutc timestamputc datetimeutc timet t dt datum zeit datumzeit fecha data orario hora indexlevel0 index"
)
"""The earlier one is taken where a file has several."""

WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    field: tuple(words.split())
    for field, words in {
        "ts": _TIMES,
        "price": "price tradeprice px lastprice last rate preis kurs precio prix",
        "quantity": "quantity qty size amount volume vol tradesize lastsize baseqty basequantity shares menge stuck cantidad q",
        "side": "side takerside aggressor aggressorside direction tradeside type",
        "trade_id": "tradeid id tid tradeno aggtradeid trdmatchid",
        "buyer_maker": "buyermaker isbuyermaker",
        "conditions": "conditions condition cond salecondition saleconditions trscond",
        "bid": "bid bidprice bestbid bestbidprice bidpx pbid b",
        "ask": "ask askprice bestask bestaskprice askpx ofr offer offerprice pask a",
        "bid_size": "bidsize bidsiz bidqty bidamount bidvolume bestbidqty bestbidsize bidsz",
        "ask_size": "asksize asksiz askqty askamount askvolume bestaskqty bestasksize asksz ofrsiz offersize",
        "open": "open o openprice eroffnung eroffnungskurs erster apertura ouverture premier openpx first",
        "high": "high h highprice hoch hochst hochstkurs tageshoch maximo maximum max alto plushaut haut",
        "low": "low l lowprice tief tiefst tiefstkurs tagestief minimo minimum min bajo plusbas bas",
        "close": "close c closeprice schluss schlusskurs schluß zuletzt cierre ultimo cloture dernier closelast last settle price kurs",
        "volume": "volume vol v volumen volumes umsatz stuck volumefrom basevolume volumebase volumebtc quantity qty",
        "trades": "trades tradecount tradescount numberoftrades numtrades numtrade count transactions n barcount tickvol tickvolume",
        "vwap": "vwap vw wap average averageprice weightedaverage",
        "symbol": "symbol ticker sym instrument instrumentname pair tradingpair productid code isin acttsymbol actsymbol rootsymbol symroot",
        "venue": "exchange venue exchangename",
        "market": "ex exch marketcenter marketcentre exchangecode mic",
        "interval": "interval timeframe period per granularity resolution",
        "quote_volume": "quotevolume quoteassetvolume",
    }.items()
}
"""Field → names, as `plain_name` makes them; the earlier one is taken where a file has several."""

_DATES: Final = ("date", "datum", "fecha", "day", "tradedate", "tradingday", "data")
_CLOCKS: Final = ("time", "zeit", "hora", "timem", "clock", "timeofday", "tradetime", "orario")

_IN_UTC: Final = ("gmttime", "utctime", "timeutc", "dateutc", "timestamputc", "datetimeutc", "time_utc")


def by_words(names: Sequence[str], fields: Sequence[str]) -> dict[str, int]:
    """Field → place of the column of that name, or one of its other names; a column serves one field."""
    plain = [plain_name(name) for name in names]
    found: dict[str, int] = {}
    for exact in (True, False):
        for field in fields:
            words = (plain_name(field),) if exact else WORDS.get(field, ())
            place = next((plain.index(word) for word in words if word in plain), None)
            if field not in found and place is not None and place not in found.values():
                found[field] = place
    return found


def date_and_clock(names: Sequence[str]) -> tuple[int, int] | None:
    """The places of a date and of the time on it, where they stand in two columns."""
    plain = [plain_name(name) for name in names]
    date = next((plain.index(word) for word in _DATES if word in plain), None)
    clock = next((plain.index(word) for word in _CLOCKS if word in plain), None)
    return None if date is None or clock is None else (date, clock)


def says_utc(name: str) -> bool:
    return plain_name(name) in _IN_UTC
