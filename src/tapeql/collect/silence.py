"""Is a silent feed quiet or broken? Heartbeats tell at once; else the venue is asked what it knows that we do not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from tapeql.collect.counters import VenueCounts
from tapeql.collect.feed import Feed
from tapeql.collect.hours import open_at
from tapeql.collect.supervisor import Supervisor
from tapeql.collect.timing import Timing
from tapeql.collect.trades import ContiguousTrades
from tapeql.connectors.events import Kind, Trade
from tapeql.connectors.venue import Connector, Venue
from tapeql.errors import TapeQLError

log: Final = logging.getLogger("tapeql.collect")

QUIETER: Final = 2.0
"""A symbol found quiet is asked about half as often next time, up to MOST times as seldom."""

MOST: Final = 16.0


class Silence:
    """Watches the feeds of one supervisor. Stale is what venue ids and prices say, never what the wall clock says."""

    def __init__(
        self,
        venue: Venue,
        feeds: Sequence[Feed],
        supervisor: Supervisor,
        history: Connector,
        timing: Timing,
        counts: VenueCounts,
        venue_us: Callable[[], int],
        resync: Callable[[Feed], None],
    ) -> None:
        self._venue = venue
        self._feeds = feeds
        self._supervisor = supervisor
        self._history = history
        self._timing = timing
        self._counts = counts
        self._venue_us = venue_us
        self._resync = resync
        self._silence_s = timing.silence_s or venue.silence_s
        self._patience: dict[tuple[str, Kind], float] = {}

    async def watch(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        beat_s = self._venue.heartbeat_s
        while True:
            await asyncio.sleep(min(self._silence_s, beat_s or self._silence_s) / 4)
            link = self._supervisor.link
            if link is None or link.ended.is_set() or not open_at(self._venue.calendar, self._venue_us()):
                continue
            now_s = loop.time()
            if beat_s is not None and now_s - link.heard_s > beat_s:
                self._stale(f"no sign of life for {now_s - link.heard_s:.0f} s")
                continue
            for feed in self._feeds:
                for kind in feed.kinds:
                    heard_s = feed.heard_s.get(kind)
                    patience = self._patience.get((feed.symbol, kind), 1.0)
                    if heard_s is None or loop.time() - heard_s < self._silence_s * patience:
                        if heard_s is not None and loop.time() - heard_s < self._silence_s:
                            self._patience.pop((feed.symbol, kind), None)
                        continue
                    self._patience[feed.symbol, kind] = min(MOST, patience * QUIETER)
                    if self._supervisor.link is link and await self._missed(feed, kind):
                        self._stale(f"{feed.symbol} {kind}: the venue has newer ones than its feed sent")
                        break

    def _stale(self, reason: str) -> None:
        link = self._supervisor.link
        if link is not None:
            self._counts.stale += 1
            self._patience.clear()
            link.fail(reason)

    async def _missed(self, feed: Feed, kind: Kind) -> bool:
        """Whether the venue knows something newer, and still does a moment later, when the feed should have it too."""
        try:
            if not await self._behind(feed, kind):
                return False
            await asyncio.sleep(self._timing.doubt_s)
            # Heard meanwhile: it was on its way.
            silent_s = asyncio.get_running_loop().time() - feed.heard_s.get(kind, 0.0)
            return silent_s > self._timing.doubt_s and await self._behind(feed, kind)
        except TapeQLError as error:
            log.info("cannot ask about silence", extra={"venue": self._venue.name, "reason": str(error)})
            return False

    async def _behind(self, feed: Feed, kind: Kind) -> bool:
        match kind:
            case "trades":
                newest = await self._newest(feed)
                if newest is None:
                    return False
                trades = feed.trades
                if isinstance(trades, ContiguousTrades):
                    return newest.seq >= (trades.next if trades.next is not None else newest.seq)
                return newest.ts_us > (trades.last_us if trades.last_us is not None else newest.ts_us - 1)
            case "quotes" if self._venue.quotes_follow == "trades":
                newest, last_us = await self._newest(feed), feed.quotes.last_us
                return newest is not None and last_us is not None and newest.ts_us > last_us
            case "quotes":
                book = await self._history.fetch_order_book(feed.symbol, 5)
                best = (book.bids[0][0] if book.bids else None, book.asks[0][0] if book.asks else None)
                return feed.quotes.best is not None and best != feed.quotes.best
            case "book" if not feed.books.known:
                # Not even a first update came: a book is asked for, and is doubted from then on.
                self._resync(feed)
                return False
            case "book":
                book = await self._history.fetch_order_book(feed.symbol, 5)
                if book.last_id is not None:
                    return book.last_id > feed.books.last_id
                best = (book.bids[0][0] if book.bids else None, book.asks[0][0] if book.asks else None)
                return best != (feed.books.book.bids.best(), feed.books.book.asks.best())

    async def _newest(self, feed: Feed) -> Trade | None:
        newest: Trade | None = None
        async for page in self._history.fetch_ticks(feed.symbol):
            newest = next((t for t in reversed(page) if isinstance(t, Trade)), newest)
        return newest
