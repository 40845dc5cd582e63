"""One connection at work: read until it ends, watched for silence."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tapeql.connectors.events import Event, Kind
from tapeql.connectors.venue import Connector, Lost
from tapeql.errors import ConnectionFailed, VenueError

log: Final = logging.getLogger("tapeql.collect")

FRAMES_A_TURN: Final = 64
"""Frames read before others may run: a flood must not keep the journal from being written."""

_numbers = itertools.count(1)


class Link:
    """`take(link, events)` gets what it hears, `ends(link)` hears of its end at once: before what another hears next.

    `number` names it, `wanted` is what it asks for, `carries` what it was given.
    """

    def __init__(
        self,
        connector: Connector,
        wanted: Mapping[Kind, Sequence[str]],
        take: Callable[[Link, list[Event]], None],
        ends: Callable[[Link], None],
    ) -> None:
        self.number = next(_numbers)
        self.connector = connector
        self.wanted = wanted
        self.carries: set[tuple[Kind, str]] = set()
        self.complete = asyncio.Event()
        self.renew = asyncio.Event()
        self.ended = asyncio.Event()
        self.reason = ""
        self.retry_after_s: float | None = None
        self.opened_s = 0.0
        self.heard_s = 0.0
        self.heard_ns = 0
        self.frames = 0
        self._take = take
        self._ends = ends
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Raises Lost, VenueError, ConnectionFailed."""
        subscribe = {
            "trades": self.connector.subscribe_ticks,
            "quotes": self.connector.subscribe_quotes,
            "book": self.connector.subscribe_order_book,
        }
        for kind, symbols in self.wanted.items():
            if symbols:
                await subscribe[kind](symbols)
        try:
            await self.connector.connect()
        except BaseException:
            await self.connector.disconnect()
            raise
        self.opened_s = self.heard_s = asyncio.get_running_loop().time()
        self._task = asyncio.create_task(self._read(), name=f"link {self.number}")
        self._task.add_done_callback(self._ended)

    def carried(self, kind: Kind, symbols: Sequence[str]) -> None:
        self.carries.update((kind, symbol) for symbol in symbols)
        if all((kind, symbol) in self.carries for kind, symbols in self.wanted.items() for symbol in symbols):
            self.complete.set()

    async def quit(self, reason: str) -> None:
        """Reads no more."""
        self.fail(reason)
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def fail(self, reason: str) -> None:
        """Ends it; the supervisor sees it end."""
        self.reason = self.reason or reason
        if self._task is not None:
            self._task.cancel()

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        receive = self.connector.receive
        try:
            while True:
                events = await receive()
                self.heard_s = loop.time()
                self._take(self, events)
                self.frames += 1
                if self.frames % FRAMES_A_TURN == 0:
                    await asyncio.sleep(0)
        except Lost as lost:
            self.reason, self.retry_after_s = self.reason or lost.reason, lost.retry_after_s
        except (VenueError, ConnectionFailed) as error:
            self.reason = self.reason or str(error)
        except asyncio.CancelledError:
            self.reason = self.reason or "closed"
        except Exception as error:
            log.exception("a connection failed in us")
            self.reason = self.reason or f"internal: {type(error).__name__}"

    def _ended(self, _task: asyncio.Task[None]) -> None:
        self.ended.set()
        self._ends(self)
