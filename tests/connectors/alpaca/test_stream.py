"""The Alpaca connector on real sockets, against the ledger of a simulated exchange."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from tapeql.connectors import stocks, venue_named
from tapeql.connectors.alpaca.connector import AlpacaConnector
from tapeql.connectors.events import Event, Heartbeat, Quote, Refused, Subscribed, Trade
from tapeql.connectors.settings import settings_of
from tapeql.connectors.venue import Lost
from tapeql.errors import DataError, VenueError
from tests.exchange.alpaca import Alpaca
from tests.exchange.faults import Abort, Merge, Plan, Split
from tests.exchange.market import Quote as Best
from tests.exchange.market import Trade as Print
from tests.exchange.server import Exchange
from tests.exchange.stocks import stock_market

Ask = Callable[[Exchange, AlpacaConnector], Coroutine[Any, Any, None]]


def connect(exchange: Exchange, **options: str) -> AlpacaConnector:
    assert isinstance(exchange.venue, Alpaca)
    named = {f"TAPEQL_ALPACA_{name.upper()}": value for name, value in options.items()}
    venue = venue_named("alpaca")
    environ = exchange.environ() | exchange.venue.environ() | named
    made = venue.connector(settings_of(venue, environ), time.time_ns)
    assert isinstance(made, AlpacaConnector)
    return made


def on_exchange(ask: Ask, *, venue: Alpaca | None = None, plan: Plan | None = None, **options: str) -> None:
    async def run() -> None:
        async with Exchange(stock_market("AAPL", "SPY"), venue or Alpaca(), plan=plan) as exchange:
            made = connect(exchange, **options)
            try:
                await ask(exchange, made)
            finally:
                await made.disconnect()

    asyncio.run(asyncio.wait_for(run(), 30))


async def heard(made: AlpacaConnector, enough: Callable[[list[Event]], bool]) -> list[Event]:
    """Everything until it is enough."""
    events: list[Event] = []
    while not enough(events):
        events += await asyncio.wait_for(made.receive(), 10)
    return events


def subscribed(events: list[Event]) -> set[tuple[str, str]]:
    return {(event.kind, symbol) for event in events if isinstance(event, Subscribed) for symbol in event.symbols}


@pytest.mark.parametrize("fault", [None, Merge(count=3), Merge(count=2, lines=True), Split(parts=3)])
def test_all_that_happened_is_heard(fault: Any) -> None:
    """Every trade and quote of what was asked for, with the ledger's values, however frames are cut."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await made.subscribe_ticks(["AAPL", "SPY"])
        await made.subscribe_quotes(["AAPL"])
        await made.connect()
        await heard(made, lambda events: len(subscribed(events)) == 3)
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

    on_exchange(ask, plan=Plan(1, [fault]) if fault else None)


def test_only_new_subscriptions_are_confirmed() -> None:
    """Alpaca tells the whole list each time."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await made.subscribe_ticks(["AAPL"])
        await made.connect()
        assert await made.receive() == [Subscribed("trades", ("AAPL",))]
        await made.subscribe_ticks(["AAPL", "SPY"])
        assert await made.receive() == [Subscribed("trades", ("SPY",))]
        await made.unsubscribe(["AAPL"])
        assert [type(event) for event in await made.receive()] == [Heartbeat]
        await made.subscribe_ticks(["AAPL"])
        assert await made.receive() == [Subscribed("trades", ("AAPL",))]
        await made.disconnect()
        await made.connect()
        await heard(made, lambda events: subscribed(events) == {("trades", "AAPL"), ("trades", "SPY")})

    on_exchange(ask)


def test_a_subscription_is_confirmed_once_among_other_messages() -> None:
    """The list may stand in one frame with trades."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await made.subscribe_ticks(["AAPL"])
        trade = b'{"T":"t","S":"AAPL","i":1,"x":"V","p":1,"s":1,"t":"2024-05-01T14:00:00Z"}'
        frame = b'[{"T":"subscription","trades":["AAPL"]},' + trade + b"," + trade + b"]"
        events = made._decode(frame, 1) + made._decode(frame, 1)
        assert [type(event) for event in events] == [Subscribed, Trade, Trade, Trade, Trade]

    on_exchange(ask)


def test_a_wrong_key_is_told_without_it() -> None:
    """The variables to look at are named; neither the key nor the secret shows."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        with pytest.raises(VenueError, match=r"auth failed \(402\).*TAPEQL_ALPACA_API_SECRET") as caught:
            await made.connect()
        assert "tell-nobody" not in "".join(traceback.format_exception(caught.value))

    on_exchange(ask, api_secret="tell-nobody")


def test_a_second_connection_waits_for_the_first_to_go() -> None:
    """Alpaca allows one connection to a feed: trying again later may do."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await made.connect()
        other = connect(exchange)
        with pytest.raises(Lost, match=r"connection limit exceeded \(406\)") as caught:
            await other.connect()
        assert caught.value.retry_after_s == 10.0
        await made.disconnect()
        await other.disconnect()
        await other.connect()
        await other.disconnect()

    on_exchange(ask)


def test_too_many_symbols_leave_the_others() -> None:
    """What was subscribed stays."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await made.subscribe_ticks(["AAPL"])
        await made.connect()
        await made.receive()
        await made.subscribe_ticks(["SPY"])
        (event,) = await made.receive()
        assert isinstance(event, Refused)
        assert event.kind == "error"
        assert "symbol limit exceeded (405)" in event.reason
        assert next(iter(exchange.sockets.values())).streams == {"trades.AAPL": None}

    on_exchange(ask, venue=Alpaca(symbols=1))


def test_a_venue_that_does_not_greet_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """An open but mute socket is no connection."""
    monkeypatch.setattr(stocks, "LOGIN_S", 0.2)

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        with pytest.raises(Lost, match="did not answer"):
            await made.connect()

    on_exchange(ask, venue=Alpaca(greets=False))


def test_a_broken_connection_is_lost() -> None:
    """A reset is told with its code."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await made.subscribe_ticks(["AAPL"])
        await made.connect()
        await made.receive()
        await exchange.step(100)
        with pytest.raises(Lost) as caught:
            await heard(made, lambda events: False)
        assert caught.value.code == 1006

    on_exchange(ask, plan=Plan(1, [Abort(after=2, times=1)]))


def test_the_feed_is_part_of_the_address() -> None:
    """`iex` unless another one is asked for; one that is not there is named with those that are."""

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await made.connect()
        with pytest.raises(DataError, match="iex, sip, delayed_sip"):
            connect(exchange, feed="boats")

    on_exchange(ask, venue=Alpaca(feed="sip"))


def test_logins_are_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not even where everything is logged."""
    caplog.set_level(logging.DEBUG)

    async def ask(exchange: Exchange, made: AlpacaConnector) -> None:
        await made.connect()
        # Both are the simulator's too: only what our side wrote counts.
        ours = [record for record in caplog.records if not record.name.startswith("websockets.server")]
        assert not any("tell-nobody" in record.getMessage() for record in ours)

    on_exchange(ask, venue=Alpaca(secret="tell-nobody"))
