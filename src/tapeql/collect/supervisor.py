"""Keeping a set of subscriptions alive: reconnects, renewals before a venue's cut, and doubts about silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tapeql.collect.counters import VenueCounts
from tapeql.collect.link import Link
from tapeql.collect.timing import Timing
from tapeql.connectors.events import Event, Kind, Reset
from tapeql.connectors.rest import TokenBucket
from tapeql.connectors.venue import Connector, Lost, Venue
from tapeql.errors import ConnectionFailed, VenueError

log: Final = logging.getLogger("tapeql.collect")


class Supervisor:
    """One connection's worth of subscriptions of a venue. `connects` is the venue's budget, shared."""

    def __init__(
        self,
        venue: Venue,
        wanted: Mapping[Kind, Sequence[str]],
        connector: Callable[[], Connector],
        take: Callable[[Link, list[Event]], None],
        begins: Callable[[Link], None],
        ends: Callable[[Link], None],
        connects: TokenBucket,
        timing: Timing,
        counts: VenueCounts,
    ) -> None:
        self._venue = venue
        self._wanted = wanted
        self._connector = connector
        self._take = take
        self._begins = begins
        self._ends = ends
        self._connects = connects
        self._timing = timing
        self._counts = counts
        self.link: Link | None = None

    async def run(self) -> None:
        """Until cancelled; then the connection is closed."""
        attempt = 0
        try:
            while True:
                self.link = await self._first(attempt)
                await self._keep()
                link, self.link = self.link, None
                lived_s = asyncio.get_running_loop().time() - link.opened_s
                attempt = 0 if lived_s >= self._timing.settled_s else attempt + 1
                wait_s = max(link.retry_after_s or 0.0, self._timing.backoff_s(attempt))
                log.warning(
                    "connection lost",
                    extra={
                        "venue": self._venue.name,
                        "link": link.number,
                        "reason": link.reason,
                        "wait_s": round(wait_s, 3),
                    },
                )
                await asyncio.sleep(wait_s)
        finally:
            if self.link is not None:
                await self._finish(self.link, "stopped")

    async def _first(self, attempt: int) -> Link:
        """A connection, however often it takes."""
        while True:
            try:
                return await self._open()
            except (Lost, VenueError, ConnectionFailed) as error:
                attempt += 1
                wish = error.retry_after_s if isinstance(error, Lost) else None
                wait_s = max(wish or 0.0, self._timing.backoff_s(attempt))
                self._counts.losses["connect"] += 1
                log.warning(
                    "cannot connect",
                    extra={
                        "venue": self._venue.name,
                        "reason": str(error),
                        "attempt": attempt,
                        "wait_s": round(wait_s, 3),
                    },
                )
                await asyncio.sleep(wait_s)

    async def _open(self) -> Link:
        while (wait_s := self._connects.wait_s(1)) > 0:
            await asyncio.sleep(wait_s)
        link = Link(self._connector(), self._wanted, self._take, self._ended)
        self._begins(link)
        try:
            await link.open()
        except BaseException:
            self._ends(link)
            raise
        self._counts.connects += 1
        self._counts.connections += 1
        log.info("connected", extra={"venue": self._venue.name, "link": link.number})
        return link

    async def _keep(self) -> None:
        """Returns when the last connection has ended. A connection about to be cut gets a successor first."""
        while True:
            assert self.link is not None
            link = self.link
            await _any_of(link.ended, link.renew, timeout_s=self._left_s(link, self._timing.renew_share))
            if link.ended.is_set():
                self._counts.losses["lost"] += 1
                await self._finish(link, link.reason)
                return
            if self._venue.one_connection:
                await link.quit("to be renewed")
                continue
            try:
                await self._hand_over(link, await self._open())
            except (Lost, VenueError, ConnectionFailed) as error:
                log.warning("cannot renew", extra={"venue": self._venue.name, "reason": str(error)})
                wish_s = error.retry_after_s if isinstance(error, Lost) else None
                await _any_of(link.ended, timeout_s=max(wish_s or 0.0, self._timing.renew_again_s))

    async def _hand_over(self, link: Link, successor: Link) -> None:
        """Both are read until the successor carries everything. Raises Lost where it ends before the old one does."""
        # The end that a venue announces comes soon. At what age it comes is known, and nothing is given up before.
        left_s = None if link.renew.is_set() else self._left_s(link)
        overlap_s = max(self._timing.overlap_s, left_s or 0.0)
        try:
            await _any_of(successor.complete, successor.ended, link.ended, timeout_s=overlap_s)
            await _any_of(successor.ended, link.ended, timeout_s=self._timing.linger_s)
        except BaseException:
            await self._finish(successor, "stopped")
            raise
        if successor.ended.is_set() and not link.ended.is_set():
            await self._finish(successor, successor.reason)
            if books := tuple(symbol for kind, symbol in successor.carries if kind == "book"):
                # They had been taken over; the old connection must begin them anew.
                self._take(link, [Reset(successor.reason, "book", books)])
            raise Lost(successor.reason, retry_after_s=successor.retry_after_s)
        self._counts.renewals += 1
        self.link = successor
        await self._finish(link, "renewed")

    def _ended(self, link: Link) -> None:
        self._counts.connections -= 1
        self._ends(link)

    async def _finish(self, link: Link, reason: str) -> None:
        await link.quit(reason)
        await link.connector.disconnect()

    def _left_s(self, link: Link, share: float = 1.0) -> float | None:
        """Until it has this share of its greatest age; None where it may live for ever."""
        age_s = self._timing.max_age_s or self._venue.max_age_s
        if age_s is None:
            return None
        return max(0.0, link.opened_s + age_s * share - asyncio.get_running_loop().time())


async def _any_of(*events: asyncio.Event, timeout_s: float | None) -> None:
    """Until one of the events is set or the time is over."""
    tasks = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
