"""What all connectors over a websocket do alike: whom they talk to, and that a failed start is not their end."""

from __future__ import annotations

import asyncio
import json
import time
from http import HTTPStatus

import pytest
from websockets.asyncio.server import Request, Response, ServerConnection, serve

from tapeql.connectors import venue_named
from tapeql.connectors.settings import settings_of
from tapeql.connectors.venue import Connector, Lost
from tapeql.errors import DataError
from tests.exchange.alpaca import Alpaca
from tests.exchange.binance import Binance
from tests.exchange.generator import Generated
from tests.exchange.market import Market
from tests.exchange.server import Exchange
from tests.exchange.stocks import stock_market


def connector(venue: str, **variables: str) -> Connector:
    known = venue_named(venue)
    given = {f"TAPEQL_{venue}_{name}".upper(): text for name, text in variables.items()}
    return known.connector(settings_of(known, given), time.time_ns)


def port_of(server: object) -> int:
    return int(server.sockets[0].getsockname()[1])  # type: ignore[attr-defined]


def test_a_login_goes_to_nobody_a_redirection_names() -> None:
    """A venue that sends its clients elsewhere is lost; elsewhere nothing is heard."""
    heard: list[str | bytes] = []

    async def listen(socket: ServerConnection) -> None:
        await socket.send(json.dumps([{"ev": "status", "status": "connected", "message": ""}]))
        heard.append(await socket.recv())

    async def run() -> None:
        async with serve(listen, "127.0.0.1", 0) as other:

            def away(connection: ServerConnection, request: Request) -> Response:
                response = connection.respond(HTTPStatus.FOUND, "")
                response.headers["Location"] = f"ws://127.0.0.1:{port_of(other)}/elsewhere"
                return response

            async with serve(listen, "127.0.0.1", 0, process_request=away) as venue:
                made = connector("massive", api_key="key", ws_url=f"ws://127.0.0.1:{port_of(venue)}")
                with pytest.raises(Lost, match="answered 302"):
                    await made.connect()
                await made.disconnect()

    asyncio.run(asyncio.wait_for(run(), 30))
    assert heard == []


def test_a_connector_that_failed_to_connect_may_try_again() -> None:
    """Its history, too: books are asked for there."""

    async def run() -> None:
        async with Exchange(stock_market("AAPL"), Alpaca(greets=False)) as exchange:
            venue = exchange.venue
            assert isinstance(venue, Alpaca)
            known = venue_named("alpaca")
            made = known.connector(settings_of(known, exchange.environ() | venue.environ()), time.time_ns)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("tapeql.connectors.stocks.LOGIN_S", 0.1)
                with pytest.raises(Lost):
                    await made.connect()
            venue.greets = True
            await made.connect()
            assert (await made.info()).venue == "alpaca"
            await made.disconnect()
            assert (await made.info()).venue == "alpaca"
            await made.disconnect()

    asyncio.run(asyncio.wait_for(run(), 30))


def test_what_is_wanted_while_the_connection_opens_is_asked_for() -> None:
    async def run() -> None:
        market = Market([Generated("BTCUSDT"), Generated("ETHUSDT")])
        async with Exchange(market, Binance()) as exchange:
            known = venue_named("binance")
            made = known.connector(settings_of(known, exchange.environ()), time.time_ns)
            await made.subscribe_ticks(["BTCUSDT"])
            opening = asyncio.create_task(made.connect())
            await asyncio.sleep(0)
            await made.subscribe_ticks(["ETHUSDT"])
            await opening
            deadline_s = time.monotonic() + 10
            while len(next(iter(exchange.sockets.values())).streams) < 2:
                assert time.monotonic() < deadline_s
                await asyncio.sleep(0.01)
            await made.disconnect()

    asyncio.run(asyncio.wait_for(run(), 30))


@pytest.mark.parametrize("text", ["many", "nan", "0", "-1", "1e400"])
def test_an_option_that_is_no_number_is_named(text: str) -> None:
    with pytest.raises(DataError, match="TAPEQL_BINANCE_WEIGHT_LIMIT must be a number above 0"):
        connector("binance", weight_limit=text)


def test_an_option_that_is_an_address_holds_no_secret() -> None:
    with pytest.raises(DataError, match="TAPEQL_ALPACA_TRADING_URL must be an address alone") as refused:
        connector("alpaca", api_key="k", api_secret="s", trading_url="http://user:pw@host/x?k=1")
    assert "pw" not in str(refused.value)
