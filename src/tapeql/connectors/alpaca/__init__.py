"""Alpaca's US stocks (`alpaca`): trades and quotes of IEX (free), of all exchanges, or of all a quarter of an hour late.

Source: docs.alpaca.markets, "WebSocket Stream", "Real-time Stock Data" and "Historical Stock Data".
Options: TAPEQL_ALPACA_FEED (iex, sip, delayed_sip) and TAPEQL_ALPACA_TRADING_URL (see `history`).

Trades have no numbers that would show a loss: what an outage took is asked for again by its time. Of trades corrected or
cancelled during an outage only those within its time are known by their last state.
"""

from __future__ import annotations

from typing import Final

from tapeql.connectors.alpaca.connector import AlpacaConnector
from tapeql.connectors.alpaca.decode import VENUE
from tapeql.connectors.venue import Venue

VENUES: Final = (
    Venue(
        name=VENUE,
        title="Alpaca",
        ws_url="wss://stream.data.alpaca.markets",
        rest_url="https://data.alpaca.markets",
        connector=AlpacaConnector,
        kinds=("trades", "quotes"),
        trade_ids="keyed",
        unshown=("trades", "quotes"),
        credentials=("api_key", "api_secret"),
        calendar="XNYS",
        # Times are the exchange's; what was traded off exchange may be reported ten seconds later.
        late_s=30.0,
        # A look costs one of the 200 requests a minute of a free plan, and IEX is quiet for minutes in small stocks.
        silence_s=120.0,
        one_connection=True,
        # The plan decides, and error 405 tells.
        symbols_per_connection=10_000,
        connects_per_minute=12.0,
    ),
)
