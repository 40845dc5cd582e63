"""Coinbase: Advanced Trade (`coinbase`) and Coinbase Exchange (`coinbaseexchange`), two protocols to the same markets.

Source: docs.cdp.coinbase.com, "Advanced Trade API" and "Exchange API", websocket channels and REST reference of both.
Trade ids are contiguous within a product. Quotes come with trades alone: between them the best prices move unsaid.
"""

from __future__ import annotations

from typing import Final

from tapeql.connectors.coinbase.advanced.connector import AdvancedConnector
from tapeql.connectors.coinbase.exchange.connector import ExchangeConnector
from tapeql.connectors.venue import Venue

VENUES: Final = (
    Venue(
        name="coinbase",
        title="Coinbase",
        ws_url="wss://advanced-trade-ws.coinbase.com",
        rest_url="https://api.coinbase.com",
        connector=AdvancedConnector,
        unshown=("quotes", "book"),
        optional=("api_key", "api_secret"),
        heartbeat_s=5.0,
        quotes_follow="trades",
        symbols_per_connection=100,
        connects_per_minute=60.0,
    ),
    Venue(
        name="coinbaseexchange",
        title="Coinbase Exchange",
        ws_url="wss://ws-feed.exchange.coinbase.com",
        rest_url="https://api.exchange.coinbase.com",
        connector=ExchangeConnector,
        unshown=("quotes", "book"),
        optional=("api_key", "api_secret", "passphrase"),
        heartbeat_s=5.0,
        quotes_follow="trades",
        symbols_per_connection=100,
        connects_per_minute=60.0,
    ),
)
