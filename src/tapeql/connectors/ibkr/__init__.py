"""Interactive Brokers (`ibkr`), through TWS or IB Gateway on the user's own machine.

Source: interactivebrokers.github.io/tws-api, "Tick-by-Tick Data", "Market Depth", "Historical Time and Sales",
"Historical Bar Data" and "Message Codes". The protocol is ib_async's; nothing is ever ordered, and no account is asked
about: tick "Read-Only API" in TWS. "Send market data in lots for US stocks" must be off there: sizes are shares.

Nothing is numbered by this venue, and times are whole seconds. What follows from that is told in `numbering`.
"""

from __future__ import annotations

from typing import Final

from tapeql.connectors.ibkr.connector import IbkrConnector
from tapeql.connectors.ibkr.symbols import VENUE
from tapeql.connectors.venue import Venue

VENUES: Final = (
    Venue(
        name=VENUE,
        title="IBKR",
        ws_url="tcp://127.0.0.1:4002",
        rest_url="",
        connector=IbkrConnector,
        trade_ids="keyed",
        unshown=("trades", "quotes", "book"),
        # Currencies and futures keep other hours; their calendar is said in a query.
        calendar="XNYS",
        # A look costs one of 60 requests in ten minutes.
        silence_s=300.0,
        symbols_per_connection=100,
        connects_per_minute=6.0,
    ),
)
