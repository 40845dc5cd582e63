"""Kraken's spot market (`kraken`), by websocket v2. Codes are `BTC/USD`.

Source: docs.kraken.com, "Spot WebSocket v2" (trade, ticker, book, book checksum) and "Spot REST API" (market data).
Settings of its own: TAPEQL_KRAKEN_BOOK_DEPTH, levels a side (10, 25, 100, 500 or 1000; 100 unless said), and
TAPEQL_KRAKEN_REQUESTS_PER_S, REST requests a second (1 unless said).
"""

from __future__ import annotations

from typing import Final

from tapeql.connectors.kraken.connector import KrakenConnector
from tapeql.connectors.venue import Venue

VENUES: Final = (
    Venue(
        name="kraken",
        title="Kraken",
        ws_url="wss://ws.kraken.com",
        rest_url="https://api.kraken.com",
        connector=KrakenConnector,
        # Checksums are of the ten best levels.
        unshown=("quotes", "book"),
        # A heartbeat comes each second in which nothing else does.
        heartbeat_s=5.0,
        # 150 in ten minutes, by address.
        connects_per_minute=15.0,
    ),
)
