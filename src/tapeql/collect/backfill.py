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
from tapeql.collect.trades import NOT_THERE, TOO_OLD, ContiguousTrades, Hole, KeyedTrades
from tapeql.connectors.events import Kept, Trade, Void
from tapeql.connectors.rest import may_pass
from tapeql.connectors.venue import Connector
from tapeql.errors import ConnectionFailed, VenueError

log: Final = logging.getLogger("tapeql.collect")

AT_ONCE: Final = 2
"""Symbols of a venue filled at one time; its rate limit is one for all."""


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
        self._stopped = False

    def ask(self, feed: Feed) -> None:
        """Fills what this symbol misses, now or after what is being filled."""
        if self._stopped:
            return
        if feed.symbol in self._running:
            self._again.add(feed.symbol)
        elif feed.trades.missing():
            self._running[feed.symbol] = asyncio.create_task(self._fill(feed), name=f"backfill {feed.symbol}")

    def busy(self) -> list[str]:
        return sorted(self._running)

    async def stop(self) -> None:
        # What is cancelled must not begin again.
        self._stopped = True
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        await self._history.disconnect()

    async def _fill(self, feed: Feed) -> None:
        try:
            await asyncio.sleep(self._timing.reorder_s)
            tries = waits = 0
            while holes := feed.trades.missing():
                hole = holes[0]
                self._again.discard(feed.symbol)
                # Asked before the walk: history read until now says nothing of what a live trade ends meanwhile.
                ended, before = hole.until_us is not None, (hole.next_id, hole.next_us)
                async with self._turns:
                    trouble = await self._walk(feed, hole, ended)
                if hole not in feed.trades.missing():
                    tries = waits = 0
                    continue
                if trouble is None and not ended:
                    if hole.until_us is not None or feed.symbol in self._again:
                        continue
                    # Up to the present; the first live trade says whether anything is missing still.
                    break
                if (hole.next_id, hole.next_us) != before:
                    tries = waits = 0
                elif trouble is None or not _passes(trouble):
                    tries += 1
                if tries >= self._timing.fill_tries:
                    self._keep(feed.trades.exhausted(hole, NOT_THERE if trouble is None else str(trouble)))
                    continue
                waits += 1
                await asyncio.sleep(self._timing.backoff_s(waits))
        except Exception:
            log.exception("backfill failed", extra={"venue": feed.venue.name, "symbol": feed.symbol})
        finally:
            del self._running[feed.symbol]
            if feed.symbol in self._again:
                self._again.discard(feed.symbol)
                self.ask(feed)

    async def _walk(self, feed: Feed, hole: Hole, ended: bool) -> VenueError | ConnectionFailed | None:
        """Reads history for one hole, to its end or to the present. Answers what went wrong."""
        read_us = 0
        try:
            await self._give_up_too_old(feed, hole)
            if hole not in feed.trades.missing():
                return None
            async for page in self._history.fetch_ticks(feed.symbol, from_id=hole.next_id, since_us=hole.next_us):
                kept = feed.trades.history(page)
                self._counts.of(feed.venue.name).filled_trades += sum(isinstance(each, Trade) for each in kept)
                self._keep(kept)
                last = page[-1]
                if isinstance(last, Trade):
                    read_us = last.ts_us
                if hole not in feed.trades.missing() or self._past(hole, last):
                    break
                while self._recorder.full:
                    await asyncio.sleep(0.05)
        except (VenueError, ConnectionFailed) as error:
            log.info("backfill waits", extra={"venue": feed.venue.name, "symbol": feed.symbol, "reason": str(error)})
            return error
        if ended and isinstance(feed.trades, KeyedTrades) and read_us >= (hole.until_us or 0):
            # History has the trade that ended it, and so all of its time: it may be behind the stream.
            self._keep(feed.trades.exhausted(hole, None))
        return None

    def _past(self, hole: Hole, last: Trade | Void) -> bool:
        """Whether a page ended behind the hole."""
        if hole.to_id is not None:
            return last.seq >= hole.to_id
        return isinstance(last, Trade) and hole.before(last.ts_us)

    async def _give_up_too_old(self, feed: Feed, hole: Hole) -> None:
        """What lies farther back than the horizon, by the venue's own time, stays declared."""
        present_us = hole.until_us
        if present_us is None:
            newest = [page async for page in self._history.fetch_ticks(feed.symbol)]
            present_us = max((t.ts_us for page in newest for t in page if isinstance(t, Trade)), default=hole.next_us)
        start_us = present_us - int(self._timing.horizon_s * 1_000_000)
        if hole.next_us >= start_us:
            return
        if isinstance(feed.trades, KeyedTrades):
            self._keep(feed.trades.skip_to(hole, start_us, TOO_OLD))
            return
        assert isinstance(feed.trades, ContiguousTrades)
        async for page in self._history.fetch_ticks(feed.symbol, since_us=start_us):
            first = page[0]
            if isinstance(first, Trade):
                self._keep(feed.trades.skip_to(hole, first.seq, first.ts_us, TOO_OLD))
                return


def _passes(trouble: VenueError | ConnectionFailed) -> bool:
    """Whether waiting may help, however long: such an answer says nothing of what history has."""
    return isinstance(trouble, ConnectionFailed) or may_pass(trouble.status or 0)
