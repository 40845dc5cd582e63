"""The collector: venue-blind, from subscriptions to a store, and an account of what it missed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import ExitStack
from difflib import get_close_matches
from typing import Any, Final

from tapeql.collect.backfill import Backfill
from tapeql.collect.clock import Skew, SteadyClock
from tapeql.collect.counters import Counts
from tapeql.collect.damage import Reached, lost_with_the_journal
from tapeql.collect.feed import Feed
from tapeql.collect.journal import Damage, Journal
from tapeql.collect.link import Link
from tapeql.collect.recorder import Recorder
from tapeql.collect.rows import gaps_in, trade_of
from tapeql.collect.silence import Silence
from tapeql.collect.store_writer import StoreWriter
from tapeql.collect.supervisor import Supervisor
from tapeql.collect.timing import Timing
from tapeql.collect.trades import ContiguousTrades
from tapeql.collect.watched import Watched
from tapeql.connectors.events import (
    KINDS,
    BookDelta,
    BookSnapshot,
    Correction,
    Ending,
    Event,
    Gap,
    Heartbeat,
    Instrument,
    Kept,
    Kind,
    Quote,
    Refused,
    Reset,
    Subscribed,
    Trade,
    Void,
)
from tapeql.connectors.rest import TokenBucket
from tapeql.connectors.venue import Connector
from tapeql.errors import ConnectionFailed, TapeQLError, VenueError
from tapeql.storage.store import Store

STOPPED: Final = "the collector was stopped"
NOT_RUNNING: Final = "the collector was not running"

TIMELESS_NS: Final = 5_000_000_000
"""A venue that tells no time for so long tells none: then our clock must do."""

DAMAGE_LOOK_S: Final = 1.0
"""How often is looked whether the journal was found damaged."""

log: Final = logging.getLogger("tapeql.collect")


class Collector:
    """`run` collects until `stop` is set, then leaves everything journalled and stored.

    All that comes in from outside comes in here: the store, the journal, the clock, how patient to be.
    """

    def __init__(
        self,
        watched: Sequence[Watched],
        store: Store,
        journal: Journal,
        clock: SteadyClock,
        timing: Timing | None = None,
    ) -> None:
        self.watched = tuple(watched)
        self.counts = Counts()
        self.feeds: dict[tuple[str, str], Feed] = {}
        self.unlisted: dict[tuple[str, str], str | None] = {}
        """Symbols that their venue does not know, and what may have been meant."""
        self.state = "starting"
        self.store = store
        self.journal = journal
        self._clock = clock
        self._timing = timing or Timing()
        self._declared = 0
        """Damages of the journal whose gaps have been kept."""
        self._writer = StoreWriter(journal, store.live, self._timing, self.counts)
        self.recorder = Recorder(journal, self._timing, self.counts, self._writer.written)
        self.skews: dict[str, Skew] = {}
        self._timeless: dict[str, list[Quote]] = {}
        self.backfills: dict[str, Backfill] = {}
        self._supervisors: list[Supervisor] = []
        self._resyncs: dict[tuple[int, str], asyncio.Task[None]] = {}
        for each in self.watched:
            venue = each.settings.venue
            self.skews[venue.name] = Skew()
            self._timeless[venue.name] = []
            for symbol in each.symbols:
                self.feeds[venue.name, symbol] = Feed(venue, symbol, each.kinds)

    # ── life ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def run(self, stop: asyncio.Event) -> bool:
        """Whether, at the end, everything heard was journalled and stored.

        Raises StoreError for a store that cannot be used. Whatever else ends the collector by itself is raised when what
        came before is stored.
        """
        with ExitStack() as claim:
            return await self._run(stop, claim)

    async def _run(self, stop: asyncio.Event, claim: ExitStack) -> bool:
        recording = asyncio.create_task(self.recorder.run(), name="recorder")
        tasks: list[asyncio.Task[None]] = []
        failure: BaseException | None = None
        try:
            if not await self._recovered(stop, claim):
                return False
            self._restore()
            tasks += self._supervise()
            tasks.append(asyncio.create_task(self._declare(), name="damage"))
            self._writer.start()
            self.state = "collecting"
            failure = await _failure(stop, [recording, *tasks])
        finally:
            self.state = "stopping"
            for task in tasks:
                task.cancel()
            for resync in self._resyncs.values():
                resync.cancel()
            await asyncio.gather(*tasks, *self._resyncs.values(), return_exceptions=True)
            for backfill in self.backfills.values():
                await backfill.stop()
            for feed in self.feeds.values():
                self._keep(feed.lost(STOPPED))
            drained = asyncio.create_task(self.recorder.drained())
            await asyncio.wait((drained, recording), timeout=self._timing.drain_s, return_when=asyncio.FIRST_COMPLETED)
            journalled = drained.done()
            if journalled:
                self._writer.declared(self._declared)
            else:
                log.error("the journal could not be written before the end")
            for task in (drained, recording):
                task.cancel()
            await asyncio.gather(drained, recording, return_exceptions=True)
        stored = await asyncio.to_thread(self._writer.stop, self._timing.drain_s)
        if failure is not None:
            raise failure
        return stored and journalled

    async def _recovered(self, stop: asyncio.Event, claim: ExitStack) -> bool:
        """Once the store has everything an earlier run journalled; it is waited for. False when told to stop first."""
        attempt, claimed = 0, False
        feeds = [f"{kind} of {venue}:{symbol}" for (venue, symbol), feed in self.feeds.items() for kind in feed.kinds]
        while not stop.is_set():
            try:
                if not claimed:
                    await asyncio.to_thread(claim.enter_context, self.store.claim(feeds))
                    claimed = True
                return await asyncio.to_thread(self._writer.recover, stop.is_set)
            except ConnectionFailed as error:
                log.warning("waiting for the store", extra={"reason": str(error)})
                self.counts.store_error = str(error)
            try:
                await asyncio.wait_for(stop.wait(), min(5.0, 0.1 + self._timing.backoff_s(attempt)))
            except TimeoutError:
                attempt += 1
        return False

    def _restore(self) -> None:
        """Every feed goes on where the store ends; what lies between is an outage."""
        damages = tuple(self._writer.damages)
        for (venue, symbol), feed in self.feeds.items():
            gaps = gaps_in(self.store, venue, symbol)
            self.counts.of(venue).open_gaps |= {(symbol, gap.gap_id) for gap in gaps if not gap.closed}
            tick = self.store.last("ticks", venue, symbol)
            feed.trades.restore(None if tick is None else trade_of(venue, symbol, tick), gaps)
            quote = self.store.last("quotes", venue, symbol) or {}
            feed.quotes.restore(quote.get("update_id"), quote.get("ts"), gaps)
            book = self.store.last("book", venue, symbol) or {}
            feed.books.restore(book.get("update_id"), book.get("ts"), gaps)
            if damages:
                self._keep(feed.adopt(lost_with_the_journal(self.store, feed, Reached.by(feed), damages)))
            self._keep(feed.lost(NOT_RUNNING))
        self._declared = len(damages)

    async def _declare(self) -> None:
        """What the journal cannot give back to the store, as `_restore` does for what was lost before."""
        while True:
            await self.recorder.drained()
            self._writer.declared(self._declared)
            while len(self._writer.damages) == self._declared:
                await asyncio.sleep(DAMAGE_LOOK_S)
            damages = self._writer.damages[self._declared :]
            reached = {key: Reached.by(feed) for key, feed in self.feeds.items()}
            await self.recorder.drained()
            last = self.journal.last
            while self._writer.position < last:
                await asyncio.sleep(DAMAGE_LOOK_S)
            for (venue, symbol), feed in self.feeds.items():
                self._keep(feed.adopt(await self._lost(feed, reached[venue, symbol], damages)))
                self.backfills[venue].ask(feed)
            self._declared += len(damages)

    async def _lost(self, feed: Feed, reached: Reached, damages: Sequence[Damage]) -> list[Gap]:
        while True:
            try:
                return await asyncio.to_thread(lost_with_the_journal, self.store, feed, reached, damages)
            except TapeQLError as error:
                log.warning("what the journal lost cannot be looked for", extra={"reason": str(error)})
                await asyncio.sleep(DAMAGE_LOOK_S)

    def _supervise(self) -> list[asyncio.Task[None]]:
        tasks = []
        clock_s = asyncio.get_running_loop().time
        for each in self.watched:
            venue, settings = each.settings.venue, each.settings
            counts = self.counts.of(venue.name)
            history = venue.connector(settings, self._clock)
            self.backfills[venue.name] = Backfill(history, self.recorder, self._timing, self.counts, self._keep)
            connects = TokenBucket(venue.connects_per_minute / 60, max(2.0, venue.connects_per_minute / 4), clock_s)
            tasks.append(asyncio.create_task(self._describe(history, venue.name, each.symbols)))
            size = venue.symbols_per_connection
            for start in range(0, len(each.symbols), size):
                symbols = each.symbols[start : start + size]
                supervisor = Supervisor(
                    venue,
                    dict.fromkeys(each.kinds, symbols),
                    lambda venue=venue, settings=settings: venue.connector(settings, self._clock),  # type: ignore[misc]
                    self.take,
                    self._begins,
                    self._ends,
                    connects,
                    self._timing,
                    counts,
                )
                self._supervisors.append(supervisor)
                feeds = [self.feeds[venue.name, symbol] for symbol in symbols]
                skew = self.skews[venue.name]
                silence = Silence(
                    venue,
                    feeds,
                    supervisor,
                    history,
                    self._timing,
                    counts,
                    lambda skew=skew: skew.venue_us(self._clock()),  # type: ignore[misc]
                    lambda feed, supervisor=supervisor: self._resync(supervisor.link, feed),  # type: ignore[misc]
                )
                tasks.append(asyncio.create_task(supervisor.run(), name=f"{venue.name} {start}"))
                tasks.append(asyncio.create_task(silence.watch(), name=f"{venue.name} {start} silence"))
        return tasks

    async def _describe(self, history: Connector, venue: str, symbols: Sequence[str]) -> None:
        """Keeps what the venue says of the symbols collected; the tape does not wait for it."""
        try:
            info = await history.info()
            if info.time_us is not None:
                self.skews[venue].see(self._clock(), info.time_us)
            known = {each.symbol: each for each in await history.symbols()}
            self._keep([known[symbol] for symbol in symbols if symbol in known])
            for symbol in symbols:
                if known and symbol not in known:
                    near = get_close_matches(symbol.upper(), known, 1, 0.8)
                    self.unlisted[venue, symbol] = near[0] if near else None
                    log.warning("the venue does not list this symbol", extra={"venue": venue, "symbol": symbol})
        except TapeQLError as error:
            log.info("no metadata", extra={"venue": venue, "reason": str(error)})

    # ── events ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _keep(self, kept: Sequence[Kept]) -> None:
        for each in kept:
            if isinstance(each, Gap):
                self.counts.of(each.venue).saw(each)
        self.recorder.put(kept)

    def take(self, link: Link, events: list[Event]) -> None:
        """What one frame said. Never waits: what there is no room for is dropped before it is counted as seen, so that
        trades show the loss by their ids and are asked for again."""
        venue = link.connector.venue.name
        counts = self.counts.of(venue)
        counts.frames += 1
        skew = self.skews[venue]
        kept: list[Kept] = []
        if venue in self._timeless:
            events = self._timed(venue, events)
        for event in events:
            if isinstance(event, Trade | Quote | BookDelta | BookSnapshot):
                kind: Kind = "trades" if isinstance(event, Trade) else "quotes" if isinstance(event, Quote) else "book"
                counts.events[kind] += 1
                feed = self.feeds.get((venue, event.symbol))
                if feed is None or kind not in feed.carriers:
                    continue
                feed.heard_s[kind] = link.heard_s
                link.heard_ns = event.recv_ns
                if event.ts_us is not None:
                    skew.see(event.recv_ns, event.ts_us)
                    counts.lag_us = event.recv_ns // 1000 - event.ts_us - (skew.us or 0)
                if self.recorder.full:
                    counts.dropped += 1
                    if kind in feed.venue.unshown and (kind != "book" or feed.books.known):
                        kept += self._reset(link, venue, "overflow", [kind], [event.symbol], None)
                elif isinstance(event, Trade):
                    found = feed.trades.live(event)
                    kept += found
                    if len(found) > 1:
                        self.backfills[venue].ask(feed)
                elif isinstance(event, Quote):
                    kept += feed.quotes.on(event, skew.venue_us(event.recv_ns))
                else:
                    kept += self._hear(link, feed, event)
            else:
                counts.events[type(event).__name__.lower()] += 1
                kept += self._other(link, venue, event)
        if kept:
            self._keep(kept)

    def _timed(self, venue: str, events: list[Event]) -> list[Event]:
        """Quotes without a time wait for the first word of the venue's clock: ours may be years away from it."""
        skew, waiting = self.skews[venue], self._timeless[venue]
        for event in events:
            ts_us = getattr(event, "ts_us", None)
            if ts_us is not None and not isinstance(event, Instrument):
                skew.see(getattr(event, "recv_ns", self._clock()), ts_us)
        if skew.us is None and (not waiting or self._clock() - waiting[0].recv_ns < TIMELESS_NS):
            waiting += [event for event in events if isinstance(event, Quote)]
            return [event for event in events if not isinstance(event, Quote)]
        del self._timeless[venue]
        return [*waiting, *events]

    def _other(self, link: Link, venue: str, event: Event) -> list[Kept]:
        counts = self.counts.of(venue)
        match event:
            case Subscribed(kind=kind, symbols=symbols):
                if kind != "book":
                    link.carried(kind, symbols)
                for symbol in symbols:
                    if (feed := self.feeds.get((venue, symbol))) is not None:
                        feed.carriers.setdefault(kind, set()).add(link.number)
                        feed.heard_s[kind] = link.heard_s
                        if kind == "trades":
                            self.backfills[venue].ask(feed)
            case Void(symbol=symbol) if (feed := self.feeds.get((venue, symbol))) is not None:
                return feed.trades.live(event)
            case Heartbeat(ts_us=ts_us, symbol=symbol, last_trade_id=last_id):
                link.heard_ns = event.recv_ns
                if ts_us is not None:
                    self.skews[venue].see(event.recv_ns, ts_us)
                if symbol is not None and last_id is not None and (venue, symbol) in self.feeds:
                    self._expect(self.feeds[venue, symbol], last_id)
            case Ending(reason=reason):
                log.info("the venue ends this connection", extra={"venue": venue, "reason": reason})
                link.renew.set()
            case Reset(reason=reason, kind=kind, symbols=symbols):
                if not symbols:
                    link.fail(reason)
                    return []
                return self._reset(
                    link, venue, reason, (kind,) if kind else KINDS, symbols, self._heard_us(link, venue)
                )
            case Refused(kind=kind, reason=reason):
                counts.refused[kind] += 1
                level = logging.WARNING if kind == "error" else logging.DEBUG
                log.log(level, "refused", extra={"venue": venue, "kind": kind, "reason": reason})
                if kind in ("malformed", "value"):
                    return self._torn(link, venue, event)
            case Correction() | Instrument() | Gap():
                return [event]
            case _:
                pass
        return []

    def _expect(self, feed: Feed, last_id: int) -> None:
        """The venue's newest trade: where the feed still lacks it a moment later, it was lost on the way."""

        def look() -> None:
            if (
                isinstance(feed.trades, ContiguousTrades)
                and feed.trades.next is not None
                and feed.trades.next <= last_id
            ):
                self._keep(feed.trades.lost("missed"))
                self.backfills[feed.venue.name].ask(feed)

        if isinstance(feed.trades, ContiguousTrades) and feed.trades.next is not None and feed.trades.next <= last_id:
            asyncio.get_running_loop().call_later(self._timing.doubt_s, look)

    def _torn(self, link: Link, venue: str, refused: Refused) -> list[Kept]:
        """Something was lost, and may have been of a kind that nothing else shows."""
        kept: list[Kept] = []
        for kind in link.connector.venue.unshown:
            if kind == "trades" and refused.kind == "value":
                # History refuses that trade as well.
                continue
            if kind == "book" and refused.symbol is not None:
                # An event beside this one says so where it was of the book.
                continue
            symbols = link.wanted.get(kind, ()) if refused.symbol is None else (refused.symbol,)
            kept += self._reset(link, venue, "unreadable frame", [kind], symbols, self._heard_us(link, venue))
        return kept

    def _reset(
        self, link: Link, venue: str, reason: str, kinds: Sequence[Kind], symbols: Sequence[str], at_us: int | None
    ) -> list[Kept]:
        """These kinds are not known any more from here on, or from at_us (the venue's time)."""
        kept: list[Kept] = []
        for symbol in symbols:
            feed = self.feeds.get((venue, symbol))
            if feed is not None:
                mine = tuple(kind for kind in kinds if kind in feed.kinds)
                kept += feed.lost(reason, at_us, mine)
                if "trades" in mine:
                    self.backfills[venue].ask(feed)
                if "book" in mine:
                    feed.books.attach(link.number, link.connector.book_sync(symbol))
                    self._resync(link, feed)
        return kept

    # ── connections ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _begins(self, link: Link) -> None:
        """Before it opens: the first frame may be of a book."""
        for symbol in link.wanted.get("book", ()):
            feed = self.feeds[link.connector.venue.name, symbol]
            feed.books.attach(link.number, link.connector.book_sync(symbol))

    def _ends(self, link: Link) -> None:
        """What no other connection carries is an outage."""
        for key in [key for key in self._resyncs if key[0] == link.number]:
            self._resyncs.pop(key).cancel()
        venue = link.connector.venue.name
        at_us = self._heard_us(link, venue)
        reason = STOPPED if self.state == "stopping" else f"connection lost: {link.reason or 'unknown'}"
        for kind, symbols in link.wanted.items():
            for symbol in symbols:
                feed = self.feeds[venue, symbol]
                carriers = feed.carriers.setdefault(kind, set())
                carried = link.number in carriers
                carriers.discard(link.number)
                if kind == "book":
                    self._keep(feed.books.detach(link.number, reason, at_us))
                elif carried and not carriers:
                    self._keep(feed.lost(reason, at_us, (kind,)))

    def _heard_us(self, link: Link, venue: str) -> int | None:
        """The venue's time when this connection last said something."""
        skew = self.skews[venue]
        return None if skew.us is None or not link.heard_ns else skew.venue_us(link.heard_ns)

    # ── books ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _hear(self, link: Link, feed: Feed, event: BookSnapshot | BookDelta) -> list[Kept]:
        heard = feed.books.on(link.number, event, self.skews[feed.venue.name].venue_us(event.recv_ns))
        if heard.wants_snapshot:
            self._resync(link, feed)
        self._carries_book(link, feed)
        return heard.kept

    def _carries_book(self, link: Link, feed: Feed) -> None:
        """A book is carried once it is whole: until then the connection before must stay."""
        if ("book", feed.symbol) not in link.carries and feed.books.current == link.number:
            link.carried("book", [feed.symbol])

    def _resync(self, link: Link | None, feed: Feed) -> None:
        """Asks for one book again; no other symbol notices."""
        if link is None:
            return
        key = (link.number, feed.symbol)
        if key not in self._resyncs:
            self.counts.of(feed.venue.name).resyncs += 1
            task = asyncio.create_task(self._resynced(link, feed), name=f"book {feed.symbol}")
            self._resyncs[key] = task

    async def _resynced(self, link: Link, feed: Feed) -> None:
        try:
            await self._synced(link, feed)
        except Exception:
            log.exception("a book cannot be asked for", extra={"venue": feed.venue.name, "symbol": feed.symbol})
        finally:
            # At once: the next frame may break the book again.
            self._resyncs.pop((link.number, feed.symbol), None)

    async def _synced(self, link: Link, feed: Feed) -> None:
        attempt = 0
        while not link.ended.is_set():
            try:
                snapshot = await link.connector.resync_book(feed.symbol)
            except (VenueError, ConnectionFailed) as error:
                log.warning("no book", extra={"venue": feed.venue.name, "symbol": feed.symbol, "reason": str(error)})
            else:
                if snapshot is None:
                    return
                venue_us = self.skews[feed.venue.name].venue_us(snapshot.recv_ns)
                heard = feed.books.on(link.number, snapshot, venue_us)
                self._keep(heard.kept)
                self._carries_book(link, feed)
                if not heard.wants_snapshot:
                    return
            await asyncio.sleep(self._timing.backoff_s(attempt) / 4)
            attempt += 1


async def _failure(stop: asyncio.Event, tasks: Sequence[asyncio.Task[None]]) -> BaseException | None:
    """Why one of the tasks failed, as soon as one does; None once told to stop. Some tasks end, having done their work."""
    stopping = asyncio.create_task(stop.wait())
    running: set[asyncio.Task[Any]] = {stopping, *tasks}
    try:
        while not stop.is_set():
            ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                if (failure := task.exception()) is not None:
                    if not isinstance(failure, TapeQLError):
                        log.error("a task failed", extra={"task": task.get_name()}, exc_info=failure)
                    return failure
    finally:
        stopping.cancel()
    return None
