"""Coinbase's connectors on a simulated exchange of their own protocol."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from tapeql.connectors import venue_named
from tapeql.connectors.coinbase.connector import CoinbaseConnector
from tapeql.connectors.events import Event
from tapeql.connectors.settings import settings_of
from tests.exchange.coinbase import Coinbase, CoinbaseExchange
from tests.exchange.faults import Plan
from tests.exchange.generator import Generated
from tests.exchange.market import Market, Source
from tests.exchange.server import Exchange

Asking = Callable[[Exchange, CoinbaseConnector], Awaitable[None]]

PATIENCE_S = 20.0


def on_exchange(
    name: str,
    ask: Asking,
    *,
    symbols: Sequence[str] = ("BTC-USD", "ETH-USD"),
    sources: Sequence[Source] | None = None,
    plan: Plan | None = None,
    venue: Coinbase | CoinbaseExchange | None = None,
    environ: Mapping[str, str] | None = None,
    **life: Any,
) -> None:
    """Runs `ask` with a connector that is pointed to the exchange and not connected.

    The market is of `sources`, or of generated `symbols` that live as `life` says.
    """

    async def run() -> None:
        market = Market(sources or [Generated(symbol, seed=n, **life) for n, symbol in enumerate(symbols)])
        spoken = venue or (Coinbase() if name == "coinbase" else CoinbaseExchange())
        async with Exchange(market, spoken, plan=plan) as exchange:
            pace = {f"TAPEQL_{name.upper()}_REQUESTS_PER_S": "10000"}
            settings = settings_of(venue_named(name), {**exchange.environ(), **pace, **(environ or {})})
            connector = settings.venue.connector(settings, time.time_ns)
            assert isinstance(connector, CoinbaseConnector)
            try:
                await ask(exchange, connector)
            finally:
                await connector.disconnect()

    asyncio.run(asyncio.wait_for(run(), 60))


async def heard(connector: CoinbaseConnector, enough: Callable[[list[Event]], bool]) -> list[Event]:
    """All that comes until it is enough."""
    events: list[Event] = []
    async with asyncio.timeout(PATIENCE_S):
        while not enough(events):
            events += await connector.receive()
    return events
