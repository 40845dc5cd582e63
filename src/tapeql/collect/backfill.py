"""Filling what an outage took: pages of history from the last stored trade to the present, and on to the first live one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from tapeql.collect.counters import Counts
from tapeql.collect.feed import Feed
from tapeql.collect.recorder import Recorder
from tapeql.collect.timing import Timing
from tapeql.collect.trades import ContiguousTrades, Hole, KeyedTrades
from tapeql.connectors.events import Kept, Trade
from tapeql.connectors.venue import Connector
from tapeql.errors import ConnectionFailed, VenueError

log: Final = logging.getLogger("tapeql.collect")

AT_ONCE: Final = 2
"""Symbols of a venue filled at one time; its rate limit is one for all."""

TOO_OLD: Final = "older than the backfill horizon"


class Backfill:
    """One venue's. `history` is a connector of its own, so that books never wait behind it."""

    def __init__(
        self,
        history: Connector,
        recorder: Recorder,
        timing: Timing,
        counts: Counts,
        keep: Callable[[Sequence[Kept]], None],
    ) -> None:
        self._history = history
        self._recorder = recorder
        self._timing = timing
        self._counts = counts
        self._keep = keep
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()

    def ask(self, feed: Feed) -> None:
        """Fills what this symbol misses, now or after what is being filled."""
        if feed.symbol in self._running:
            self._again.add(feed.symbol)
        elif feed.trades.missing():
            self._running[feed.symbol] = asyncio.create_task(self._fill(feed), name=f"backfill {feed.symbol}")

    def busy(self) -> list[str]:
        return sorted(self._running)

    async def stop(self) -> None:
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self._history.disconnect()

    async def _fill(self, feed: Feed) -> None:
        try:
            await asyncio.sleep(self._timing.reorder_s)
            async with self._turns:
                tries = 0
                while True:
                    self._again.discard(feed.symbol)
                    holes = feed.trades.missing()
                    if not holes:
                        break
                    if await self._fill_one(feed, holes[0], tries):
                        tries = 0
                    elif holes[0].until_us is None and feed.symbol not in self._again:
                        # Up to the present; the first live trade says whether anything is missing still.
                        break
                    else:
                        tries += 1
        except Exception:
            log.exception("backfill failed", extra={"venue": feed.venue.name, "symbol": feed.symbol})
        finally:
            del self._running[feed.symbol]
            if feed.symbol in self._again:
                self._again.discard(feed.symbol)
                self.ask(feed)

    async def _fill_one(self, feed: Feed, hole: Hole, tries: int) -> bool:
        """One walk through history for one hole; whether it got on. Gives up after the last try, in so many words."""
        reason = "the venue's history does not have it"
        before = (hole.next_id, hole.next_us)
        try:
            if not await self._within_horizon(feed, hole):
                return True
            async for page in self._history.fetch_ticks(feed.symbol, from_id=hole.next_id, since_us=hole.next_us):
                kept = feed.trades.history(page)
                self._counts.of(feed.venue.name).filled_trades += sum(isinstance(each, Trade) for each in kept)
                self._keep(kept)
                if hole not in feed.trades.missing() or self._past(hole, page[-1]):
                    break
                while self._recorder.full:
                    await asyncio.sleep(0.05)
            else:
                if isinstance(feed.trades, KeyedTrades):
                    self._keep(feed.trades.exhausted(hole, None))
            if isinstance(feed.trades, KeyedTrades) and hole in feed.trades.missing() and hole.until_us is not None:
                self._keep(feed.trades.exhausted(hole, None))
        except (VenueError, ConnectionFailed) as error:
            reason = str(error)
            log.info("backfill waits", extra={"venue": feed.venue.name, "symbol": feed.symbol, "reason": reason})
        if hole not in feed.trades.missing():
            return True
        if (hole.next_id, hole.next_us) != before and hole.until_us is not None:
            return True
        if tries + 1 >= self._timing.fill_tries:
            if hole.until_us is not None or reason.startswith(feed.venue.title):
                self._keep(feed.trades.exhausted(hole, reason))
            return True
        if hole.until_us is not None or reason.startswith(feed.venue.title):
            if hole.until_us is None:
                self._again.add(feed.symbol)
            await asyncio.sleep(self._timing.backoff_s(tries))
        return False

    def _past(self, hole: Hole, last: object) -> bool:
        """Whether a page ended behind the hole."""
        if hole.until_us is None or not isinstance(last, Trade):
            return False
        if hole.to_id is not None:
            return last.seq >= hole.to_id
        return last.ts_us > hole.until_us

    async def _within_horizon(self, feed: Feed, hole: Hole) -> bool:
        """Gives up what lies too far back by the venue's own time; whether the hole is still there to be filled."""
        horizon_us = int(self._timing.horizon_s * 1_000_000)
        present_us = hole.until_us
        if present_us is None:
            newest = [page async for page in self._history.fetch_ticks(feed.symbol)]
            present_us = max((t.ts_us for page in newest for t in page if isinstance(t, Trade)), default=hole.next_us)
        start_us = present_us - horizon_us
        if hole.next_us >= start_us:
            return True
        if isinstance(feed.trades, KeyedTrades):
            self._keep(feed.trades.skip_to(hole, start_us, TOO_OLD))
            return False
        assert isinstance(feed.trades, ContiguousTrades)
        async for page in self._history.fetch_ticks(feed.symbol, since_us=start_us):
            first = page[0]
            if isinstance(first, Trade):
                given_up = feed.trades.skip_to(hole, first.seq, first.ts_us, TOO_OLD)
                self._keep(given_up)
                return not given_up
        return True
