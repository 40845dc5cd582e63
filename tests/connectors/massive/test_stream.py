"""The Massive connector on real sockets, against the ledger of a simulated exchange."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tapeql.connectors import venue_named
from tapeql.connectors.events import Event, Quote, Refused, Subscribed, Trade
from tapeql.connectors.massive.connector import MassiveConnector
from tapeql.connectors.settings import settings_of
from tapeql.connectors.venue import Lost
from tapeql.errors import VenueError
from tests.exchange.faults import Merge, Plan, Split
from tests.exchange.market import Quote as Best
from tests.exchange.market import Trade as Print
from tests.exchange.massive import Massive
from tests.exchange.server import Exchange
from tests.exchange.stocks import stock_market

Ask = Callable[[Exchange, MassiveConnector], Coroutine[Any, Any, None]]


def connect(exchange: Exchange, **options: str) -> MassiveConnector:
    assert isinstance(exchange.venue, Massive)
    named = {f"TAPEQL_MASSIVE_{name.upper()}": value for name, value in options.items()}
    venue = venue_named("massive")
    environ = exchange.environ() | exchange.venue.environ() | named
    made = venue.connector(settings_of(venue, environ), time.time_ns)
    assert isinstance(made, MassiveConnector)
    return made


def on_exchange(ask: Ask, *, venue: Massive | None = None, plan: Plan | None = None, **options: str) -> None:
    async def run() -> None:
        async with Exchange(stock_market("AAPL", "SPY"), venue or Massive(), plan=plan) as exchange:
            made = connect(exchange, **options)
            try:
                await ask(exchange, made)
            finally:
                await made.disconnect()

    asyncio.run(asyncio.wait_for(run(), 30))


async def heard(made: MassiveConnector, enough: Callable[[list[Event]], bool]) -> list[Event]:
    """Everything until it is enough."""
    events: list[Event] = []
    while not enough(events):
        events += await asyncio.wait_for(made.receive(), 10)
    return events


@pytest.mark.parametrize("fault", [None, Merge(count=3), Merge(count=2, lines=True), Split(parts=3)])
def test_all_that_happened_is_heard(fault: Any) -> None:
    """Every trade and quote of what was asked for, with the ledger's values, however frames are cut."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        await made.subscribe_ticks(["AAPL", "SPY"])
        await made.subscribe_quotes(["AAPL"])
        await made.connect()
        await heard(made, lambda events: sum(len(e.symbols) for e in events if isinstance(e, Subscribed)) == 3)
        await exchange.step(300)
        await exchange.quiesce()
        ledger = exchange.ledger.events
        prints = [event for event in ledger if isinstance(event, Print)]
        bests = [event for event in ledger if isinstance(event, Best) and event.symbol == "AAPL"]

        def whole(events: list[Event]) -> bool:
            return sum(isinstance(event, Trade | Quote) for event in events) == len(prints) + len(bests)

        events = await heard(made, whole)
        trades = [event for event in events if isinstance(event, Trade)]
        quotes = [event for event in events if isinstance(event, Quote)]
        found = {(t.symbol, int(t.trade_id.split("/")[2]), t.ts_us, t.price, t.quantity) for t in trades}
        assert found == {(p.symbol, p.trade_id, p.ts_us, float(p.price), float(p.quantity)) for p in prints}
        assert [(q.ts_us, q.bid, q.ask_size) for q in quotes] == [
            (b.ts_us, float(b.bid), float(b.ask_quantity)) for b in bests
        ]
        numbers = [q.update_id for q in quotes if q.update_id is not None]
        assert numbers == sorted(set(numbers))
        assert len(numbers) == len(bests)

    on_exchange(ask, plan=Plan(1, [fault]) if fault else None)


def test_a_wrong_key_is_told_without_it() -> None:
    """The variable to look at is named; the key does not show."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        with pytest.raises(VenueError, match=r"auth_failed: authentication failed .*TAPEQL_MASSIVE_API_KEY") as caught:
            await made.connect()
        assert "tell-nobody" not in "".join(traceback.format_exception(caught.value))

    on_exchange(ask, api_key="tell-nobody")


def test_a_newer_connection_ends_the_older() -> None:
    """The older one hears why before it is lost, and does not race the newer one for its place."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        await made.connect()
        newer = connect(exchange)
        await newer.connect()
        (event,) = await made.receive()
        assert isinstance(event, Refused)
        assert event.kind == "error"
        assert "max_connections" in event.reason
        with pytest.raises(Lost) as caught:
            await made.receive()
        assert (caught.value.code, caught.value.retry_after_s) == (1008, 10.0)
        await made.connect()
        await made.disconnect()
        with pytest.raises(Lost) as caught:
            await made.receive()
        assert caught.value.retry_after_s is None
        await newer.disconnect()

    on_exchange(ask)


def test_symbols_come_and_go() -> None:
    """Each is confirmed by its name, and what is unsubscribed is silent."""

    async def ask(exchange: Exchange, made: MassiveConnector) -> None:
        await made.subscribe_ticks(["AAPL"])
        await made.connect()
        assert await made.receive() == [Subscribed("trades", ("AAPL",))]
        await made.subscribe_quotes(["SPY"])
        assert await made.receive() == [Subscribed("quotes", ("SPY",))]
        await made.unsubscribe(["AAPL"])
        await made.receive()
        await exchange.step(200)
        events = await heard(made, lambda events: len(events) > 20)
        assert {type(event) for event in events} == {Quote}

    on_exchange(ask)
