"""Binance: spot (`binance`) and USD-M futures (`binanceusdm`).

Source: developers.binance.com, "Web Socket Streams" and "Market Data endpoints" of both products.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from tapeql.connectors.binance.connector import BinanceConnector
from tapeql.connectors.binance.markets import SPOT, USDM
from tapeql.connectors.venue import Venue

VENUES: Final = (
    Venue(
        name=SPOT.venue,
        title="Binance",
        ws_url="wss://stream.binance.com:9443",
        rest_url="https://api.binance.com",
        connector=partial(BinanceConnector, SPOT),
        optional=("api_key",),
        silence_s=30.0,
        max_age_s=24 * 3600.0,
        connects_per_minute=60.0,
    ),
    Venue(
        name=USDM.venue,
        title="Binance USD-M",
        # Trades, quotes and books are the streams of this route; /market has candles and aggregates.
        ws_url="wss://fstream.binance.com/public",
        rest_url="https://fapi.binance.com",
        connector=partial(BinanceConnector, USDM),
        optional=("api_key",),
        silence_s=30.0,
        max_age_s=24 * 3600.0,
        connects_per_minute=60.0,
    ),
)
