"""What differs between Binance's spot market and its USD-M futures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Market:
    """`path` begins every REST path. `weights` are what requests cost of `weight_limit` a minute. `depth` is the most
    levels a snapshot has. `follows_previous`: a delta names the last id of the one before (pu)."""

    venue: str
    path: str
    depth: int
    weight_limit: int
    weights: dict[str, int]
    follows_previous: bool
    ccxt: str


SPOT: Final = Market(
    venue="binance",
    path="/api/v3",
    depth=5000,
    weight_limit=6000,
    weights={"depth": 250, "historicalTrades": 25, "trades": 25, "aggTrades": 4, "klines": 2, "time": 1},
    follows_previous=False,
    ccxt="binance",
)

USDM: Final = Market(
    venue="binanceusdm",
    path="/fapi/v1",
    depth=1000,
    weight_limit=2400,
    weights={"depth": 20, "historicalTrades": 20, "trades": 5, "aggTrades": 20, "klines": 10, "time": 1},
    follows_previous=True,
    ccxt="binanceusdm",
)
