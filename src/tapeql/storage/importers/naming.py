"""What the names of files and folders say: whose rows they are, and how long their candles."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Final

from tapeql.calendars.venues import VENUES

_SUFFIXES: Final = re.compile(
    r"(?:\.(?:csv|txt|tsv|dat|prn|json|jsonl|ndjson|parquet|pq|feather|arrow|zip|gz|bz2|xz|zst|data))+$", re.IGNORECASE
)
_DATE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])(?:[-_.]?(?:0[1-9]|[12]\d|3[01]))?|(?:19|20)\d\d)(?![A-Za-z0-9])"
)
_UNITS: Final[Mapping[str, str]] = {
    spelled: unit
    for unit, words in {
        "s": "s sec secs second seconds",
        "m": "m t min mins minute minutes",
        "h": "h hr hrs hour hours hourly",
        "d": "d day days daily",
        "w": "w wk week weeks weekly",
        "mo": "mo mon month months monthly mn",
    }.items()
    for spelled in words.split()
}
_ALONE: Final = ("minute", "hourly", "daily", "weekly", "monthly")
_COUNTED: Final = re.compile(r"(\d+)[ _-]?([A-Za-z]+)")
_METATRADER: Final = re.compile(r"([MHDW])(\d+)|MN1")
_NOISE: Final = frozenset(
    [
        "trade",
        "trades",
        "trades",
        "quote",
        "quotes",
        "tick",
        "ticks",
        "ohlc",
        "ohlcv",
        "kline",
        "klines",
        "candle",
        "candles",
        "candlestick",
        "bar",
        "bars",
        "data",
        "historical",
        "history",
        "hist",
        "sample",
        "sampled",
        "export",
        "bid",
        "ask",
        "mid",
        "spot",
        "futures",
        "perp",
        "full",
        "adj",
        "adjusted",
        "unadjusted",
        "raw",
        "prices",
        "price",
        "aggtrades",
        "us",
        "usd1",
        "intraday",
        "download",
        "table",
        "file",
        "test",
        "part",
        "chart",
    ]
)
_SYMBOL: Final = re.compile(r"\^?[A-Z0-9][A-Z0-9.=!^-]{0,19}")
_MONEY: Final = frozenset(
    ["USD", "USDT", "USDC", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "KRW", "TRY", "BTC", "ETH", "BNB", "BUSD", "DAI"]
)
_AROUND_THE_CLOCK: Final = frozenset(
    [
        "binance",
        "binanceus",
        "binanceusdm",
        "binancecoinm",
        "bitfinex",
        "bitget",
        "bitmex",
        "bitstamp",
        "bybit",
        "coinbase",
        "coinbaseexchange",
        "deribit",
        "gate",
        "gateio",
        "gemini",
        "huobi",
        "htx",
        "kraken",
        "krakenfutures",
        "kucoin",
        "mexc",
        "okx",
        "phemex",
        "poloniex",
        "upbit",
    ]
)
_NOT_BY_CHANCE: Final = 4
"""Shorter names are like many."""
_HIVE: Final = re.compile(r"(?:^|/)(symbol|ticker|sym|pair|exchange|venue|interval|timeframe)=([^/]+)")
_KEYS: Final = {"ticker": "symbol", "sym": "symbol", "pair": "symbol", "exchange": "venue", "timeframe": "interval"}


def interval_of(word: str) -> str | None:
    """`1min`, `M5`, `daily`, `60s` → `1m`, `5m`, `1d`, `60s`; None for what is no interval, and for `1M`, which can be two."""
    if word.lower() in _ALONE:
        return f"1{_UNITS[word.lower()]}"
    match = _METATRADER.fullmatch(word)
    if match is not None:
        return "1mo" if word == "MN1" else f"{match[2]}{match[1].lower()}"
    match = _COUNTED.fullmatch(word)
    if match is None or match[2] == "M":
        return None
    unit = _UNITS.get(match[2].lower())
    return None if unit is None else f"{match[1]}{unit}"


def is_venue(word: str) -> bool:
    """Exchanges known by name."""
    return trades_around_the_clock(word) or word.lower() in VENUES


def meant(venue: str) -> str:
    """The known venue that a name may misspell; "" where it is one itself, or like none."""
    known = {*VENUES, *_AROUND_THE_CLOCK}
    if venue.lower() in known or len(venue) < _NOT_BY_CHANCE:
        return ""
    return next(iter(difflib.get_close_matches(venue.lower(), sorted(known), 1, 0.85)), "")


def trades_around_the_clock(venue: str) -> bool:
    """Exchanges whose days are those of UTC."""
    return venue.lower() in _AROUND_THE_CLOCK


def minutes(count: str) -> str:
    """`60` minutes are `1h`."""
    total = int(count)
    if total % 1440 == 0:
        days = total // 1440
        return "1mo" if days in (30, 31) else "1w" if days == 7 else f"{days}d"
    return f"{total // 60}h" if total % 60 == 0 else f"{total}m"


def said_by(path: str) -> dict[str, str]:
    """`symbol`, `interval`, `venue` as far as a path of no known layout says them; `guess` is what may be a symbol."""
    said = {_KEYS.get(key, key): value for key, value in _HIVE.findall(path)}
    stem = _DATE.sub(" ", _SUFFIXES.sub("", path.rsplit("/", 1)[-1]))
    counted = re.compile(
        r"(?<![A-Za-z0-9])(\d+)[ _-]?(min|mins|minute|minutes|hour|hours|sec|day)(?![A-Za-z])", re.IGNORECASE
    )
    stem = counted.sub(lambda m: f" {m[1]}{m[2]} ", stem)
    left = []
    for word in re.split(r"[\s_,()]+|-(?=\d+[a-z]+(?:$|[-_ .]))|-(?=[a-z]{3,})", stem):
        word = word.strip("-.")
        interval = interval_of(word) if word else None
        if interval is not None:
            said.setdefault("interval", interval)
        elif word and word.lower() not in _NOISE and not word.isdigit():
            left.append(word)
    if len(left) > 1 and is_venue(left[0]):
        said.setdefault("venue", left.pop(0).lower())
    if len(left) == 1 and _SYMBOL.fullmatch(left[0]) and any(c.isalpha() for c in left[0]):
        said.setdefault("symbol", left[0])
    elif len(left) == 2 and left[1] in _MONEY and _SYMBOL.fullmatch(left[0]) and "_".join(left) in stem:
        said.setdefault("symbol", "/".join(left))
    elif len(left) == 1:
        said["guess"] = left[0].upper()
    return said
