"""A connector at work against a simulated TWS, with all it says in one list."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from tapeql.connectors import venue_named
from tapeql.connectors.events import Event
from tapeql.connectors.ibkr.connector import IbkrConnector
from tapeql.connectors.settings import settings_of
from tapeql.connectors.venue import Lost
from tests.exchange.ibkr import Tws

Kind = TypeVar("Kind", bound=Event)

PATIENCE_S = 10.0


def connector(url: str, **options: str) -> IbkrConnector:
    environ = {f"TAPEQL_IBKR_{name.upper()}": text for name, text in options.items()}
    made = venue_named("ibkr").connector(
        settings_of(venue_named("ibkr"), {"TAPEQL_IBKR_WS_URL": url, **environ}), time.time_ns
    )
    assert isinstance(made, IbkrConnector)
    return made


class Session:
    """`events` is what was received, `lost` why that ended."""

    def __init__(self, connector: IbkrConnector) -> None:
        self.connector = connector
        self.events: list[Event] = []
        self.lost: Lost | None = None

    async def read(self) -> None:
        try:
            while True:
                self.events += await self.connector.receive()
        except Lost as lost:
            self.lost = lost

    def all(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, holds: Callable[[], object]) -> None:
        await until(holds, lambda: self.events[-5:])


async def until(holds: Callable[[], object], shown: Callable[[], object] = lambda: "") -> None:
    """Waits until something holds."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end_s, shown()
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def connected(tws: Tws, made: IbkrConnector | None = None) -> AsyncIterator[Session]:
    """Connects, given what was subscribed, and reads until the end."""
    session = Session(made or connector(tws.url))
    await session.connector.connect()
    reading = asyncio.create_task(session.read())
    try:
        yield session
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await session.connector.disconnect()
