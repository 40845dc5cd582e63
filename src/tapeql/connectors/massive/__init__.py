"""Massive (`massive`), Polygon.io before: trades and quotes of US stocks from the SIPs.

Source: massive.com/docs, "Stocks WebSocket" and "Stocks REST". Plans with delayed data have another stream:
TAPEQL_MASSIVE_WS_URL=wss://delayed.massive.com/stocks.

Trades have no numbers that would show a loss: what an outage took is asked for again by its time. The stream tells of no
correction; history leaves out what was cancelled since. The terms of use forbid passing the data on.
"""

from __future__ import annotations

from typing import Final

from tapeql.connectors.massive.connector import MassiveConnector
from tapeql.connectors.massive.decode import VENUE
from tapeql.connectors.venue import Venue

VENUES: Final = (
    Venue(
        name=VENUE,
        title="Massive",
        ws_url="wss://socket.massive.com/stocks",
        rest_url="https://api.massive.com",
        connector=MassiveConnector,
        kinds=("trades", "quotes"),
        trade_ids="keyed",
        unshown=("trades", "quotes"),
        credentials=("api_key",),
        calendar="XNYS",
        silence_s=120.0,
        one_connection=True,
        # No limit but the reader's speed.
        symbols_per_connection=10_000,
        connects_per_minute=12.0,
    ),
)
