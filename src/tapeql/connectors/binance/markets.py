"""What differs between Binance's spot market and its USD-M futures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Market:
    """`path` begins every REST path. `weights` are what requests cost at most of `weight_limit` a minute. `depths` are
    how many levels a snapshot may be asked for, `page` how many old trades. `follows_previous`: a delta names the last
    id of the one before (pu)."""

    venue: str
    path: str
    depths: tuple[int, ...]
    page: int
    intervals: tuple[str, ...]
    weight_limit: int
    weights: dict[str, int]
    follows_previous: bool
    ccxt: str


_INTERVALS: Final = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w", "1mo")

SPOT: Final = Market(
    venue="binance",
    path="/api/v3",
    depths=(100, 500, 1000, 5000),
    page=1000,
    intervals=("1s", *_INTERVALS),
    weight_limit=6000,
    weights={"depth": 250, "historicalTrades": 25, "trades": 25, "aggTrades": 4, "klines": 2, "time": 1},
    follows_previous=False,
    ccxt="binance",
)

USDM: Final = Market(
    venue="binanceusdm",
    path="/fapi/v1",
    depths=(5, 10, 20, 50, 100, 500, 1000),
    page=500,
    intervals=_INTERVALS,
    weight_limit=2400,
    weights={"depth": 20, "historicalTrades": 200, "trades": 5, "aggTrades": 20, "klines": 10, "time": 1},
    follows_previous=True,
    ccxt="binanceusdm",
)
