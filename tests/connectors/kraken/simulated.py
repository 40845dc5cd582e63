"""A connector and a simulated Kraken that it is pointed to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, TypeVar

from tapeql.connectors import venue_named
from tapeql.connectors.events import Event, Trade, Void
from tapeql.connectors.kraken.connector import KrakenConnector
from tapeql.connectors.settings import settings_of
from tests.exchange.faults import Plan
from tests.exchange.generator import Generated
from tests.exchange.kraken import Kraken
from tests.exchange.market import Market
from tests.exchange.market import Trade as Made
from tests.exchange.server import Exchange

T = TypeVar("T", bound=Event)
CODE, OTHER = "BTC/USD", "ETH/USD"
STEPS = {"price_step": "0.1", "quantity_step": "0.00000001", "price": "61800.0"}

Ask = Callable[[Exchange, KrakenConnector], Coroutine[Any, Any, None]]


def connector(environ: dict[str, str]) -> KrakenConnector:
    venue = venue_named("kraken")
    made = venue.connector(settings_of(venue, {"TAPEQL_KRAKEN_REQUESTS_PER_S": "1000"} | environ), time.time_ns)
    assert isinstance(made, KrakenConnector)
    made.messages_per_s = 1000.0
    return made


def on_exchange(
    ask: Ask,
    *,
    plan: Plan | None = None,
    venue: Kraken | None = None,
    environ: dict[str, str] | None = None,
    **life: Any,
) -> None:
    """Runs `ask` on an exchange with two symbols."""

    async def run() -> None:
        market = Market([Generated(code, **(STEPS | life)) for code in (CODE, OTHER)])
        async with Exchange(market, venue or Kraken(), plan=plan) as exchange:
            made = connector(exchange.environ() | (environ or {}))
            try:
                await ask(exchange, made)
            finally:
                await made.disconnect()

    asyncio.run(asyncio.wait_for(run(), 60))


async def until(made: KrakenConnector, enough: Callable[[list[Event]], bool]) -> list[Event]:
    """What is received, up to the frame with which it is enough."""
    events: list[Event] = []
    while not enough(events):
        events += await asyncio.wait_for(made.receive(), 10)
    return events


async def gathered(pages: AsyncIterator[list[Trade | Void]]) -> list[Trade | Void]:
    found: list[Trade | Void] = []
    async for page in pages:
        assert page
        found += page
    return found


def of(kind: type[T], events: list[Event], code: str = CODE) -> list[T]:
    return [event for event in events if isinstance(event, kind) and getattr(event, "symbol", code) == code]


def identity(trade: object) -> tuple[int, int, float, float, bool]:
    """What the ledger and we must agree on."""
    if isinstance(trade, Trade):
        return trade.seq, trade.ts_us, trade.price, trade.quantity, trade.side == "sell"
    assert isinstance(trade, Made)
    return trade.trade_id, trade.ts_us, float(trade.price), float(trade.quantity), trade.buyer_is_maker
