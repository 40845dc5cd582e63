"""The order book of a symbol: what its connections' rules let through, numbered, with a snapshot every minute: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from tapeql.connectors.book import Book, BookSync
from tapeql.connectors.events import BookDelta, BookSnapshot, Gap, Kept

SNAPSHOT_EVERY_US: Final = 60_000_000


@dataclass(slots=True)
class Heard:
    """What to keep, and whether the book needs a snapshot from the venue."""

    kept: list[Kept] = field(default_factory=list)
    wants_snapshot: bool = False


class Books:
    """One symbol's book, fed by one connection, or by two while one takes over from the other."""

    def __init__(self, venue: str, symbol: str) -> None:
        self._venue = venue
        self._symbol = symbol
        self._syncs: dict[int, BookSync] = {}
        self._waiting: dict[int, tuple[int, list[BookSnapshot | BookDelta]]] = {}
        """Whole books of connections that have not taken over yet, and the venue's time when each was heard."""
        self.current: int | None = None
        """The connection whose book this is."""
        self._last_id = 0
        self._gap: Gap | None = None
        self._gap_us = 0
        """Where the last gap began."""
        self._due_us = 0
        self.book = Book()
        self.last_us: int | None = None

    @property
    def known(self) -> bool:
        return self.current is not None

    @property
    def last_id(self) -> int:
        return self._last_id

    def restore(self, last_id: int | None, last_us: int | None, gaps: Sequence[Gap]) -> None:
        """Begins where the store ends."""
        self._last_id, self.last_us = last_id or 0, last_us
        self._gap = next((g for g in gaps if g.kind == "book" and g.until_us is None), None)
        self._gap_us = max((g.from_us for g in gaps if g.kind == "book"), default=0)

    def attach(self, connection: int, sync: BookSync) -> None:
        """A connection that carries this book from now on."""
        self._syncs[connection] = sync

    def detach(self, connection: int, reason: str, at_us: int | None = None) -> list[Kept]:
        """A connection that ended."""
        self._syncs.pop(connection, None)
        self._waiting.pop(connection, None)
        return self.lost(reason, at_us) if connection == self.current else []

    def lost(self, reason: str, at_us: int | None = None) -> list[Kept]:
        """The book is not known any more, unless another connection has it; up to at_us (the venue's time) it was."""
        self.current = None
        kept: list[Kept] = []
        if self.last_us is not None and self._gap is None:
            self._gap = self._missing_from(max(self.last_us, at_us or 0), reason)
            kept.append(self._gap)
        return kept + self._take_over()

    def adopt(self, gap: Gap) -> list[Kept]:
        """A gap found by other means; where nothing in the store ends it, the book as it is now does."""
        if gap.to_id is not None or self.current is None or self.last_us is None:
            return [gap]
        return [replace(gap, until_us=self.last_us, to_id=self._last_id), self._snapshot(0)]

    def on(self, connection: int, event: BookSnapshot | BookDelta, venue_us: int) -> Heard:
        """`venue_us` is the venue's time by our reckoning, for snapshots without one."""
        sync = self._syncs.get(connection)
        if sync is None:
            return Heard()
        synced = sync.on_snapshot(event) if isinstance(event, BookSnapshot) else sync.on_delta(event)
        heard = Heard(wants_snapshot=synced.wants_snapshot)
        if synced.events and connection == self.current:
            heard.kept += self._take(synced.events, venue_us)
        elif synced.events:
            self._wait(connection, synced.events, venue_us)
        heard.kept += self._take_over()
        # What was whole before the gap has been taken; a snapshot may be followed by deltas that lack one.
        if synced.gap is not None:
            self._waiting.pop(connection, None)
            if connection == self.current:
                heard.kept += self.lost(synced.gap)
        return heard

    def _wait(self, connection: int, events: list[BookSnapshot | BookDelta], venue_us: int) -> None:
        if self.current is not None and connection < self.current:
            # It has been succeeded, and will end: it must not take over again.
            return
        if isinstance(events[0], BookSnapshot):
            self._waiting[connection] = (venue_us, events)
        elif connection in self._waiting:
            self._waiting[connection][1].extend(events)

    def _take_over(self) -> list[Kept]:
        """A waiting book that joins what is known goes on from it. One without numbers cannot be told to join later."""
        for connection, (venue_us, events) in self._waiting.items():
            begin = events[0].last_id
            if self.current is None or begin is None or begin <= self._last_id:
                del self._waiting[connection]
                self.current = connection
                return self._take(events, venue_us)
        return []

    def _take(self, events: Sequence[BookSnapshot | BookDelta], venue_us: int) -> list[Kept]:
        kept: list[Kept] = []
        for n, event in enumerate(events):
            if isinstance(event, BookSnapshot):
                kept += self._begin(event, _time_of_first(events[n + 1 :]), venue_us)
            else:
                kept += self._go_on(event, venue_us)
        return kept

    def _begin(self, snapshot: BookSnapshot, following_us: int | None, venue_us: int) -> list[Kept]:
        number = snapshot.last_id if snapshot.last_id is not None else self._number(snapshot.recv_ns)
        ts_us = snapshot.ts_us
        if ts_us is None:
            ts_us = venue_us if following_us is None else min(venue_us, following_us)
        ts_us = max(ts_us, self.last_us or 0)
        kept: list[Kept] = []
        if self._gap is None and self.last_us is not None and self._skips(snapshot):
            self._gap = self._missing_from(self.last_us, "updates before a new snapshot were not sent")
        self.book.replace(snapshot.bids, snapshot.asks)
        if self._gap is not None:
            kept.append(replace(self._gap, until_us=max(ts_us, self._gap.from_us), to_id=number))
            self._gap = None
        elif number <= self._last_id:
            # A second connection takes over, a little behind: what it says of the past is known.
            return kept
        kept.append(replace(snapshot, last_id=number, ts_us=ts_us))
        self._last_id, self.last_us = number, ts_us
        self._due_us = ts_us + SNAPSHOT_EVERY_US
        return kept

    def _skips(self, snapshot: BookSnapshot) -> bool:
        """Whether a snapshot shows that something came between it and the book we have."""
        if snapshot.last_id is not None:
            return snapshot.last_id > self._last_id
        return (dict(snapshot.bids), dict(snapshot.asks)) != (self.book.bids.sizes, self.book.asks.sizes)

    def _missing_from(self, from_us: int, reason: str) -> Gap:
        # A snapshot may be older than the one before: two gaps then begin at one update, and each needs an id.
        from_us = self._gap_us = max(from_us, self._gap_us + 1)
        gap_id = f"book:{self._last_id}:{from_us}"
        return Gap(self._venue, self._symbol, gap_id, "book", from_us, None, self._last_id + 1, None, reason)

    def _go_on(self, delta: BookDelta, venue_us: int) -> list[Kept]:
        self.book.apply(delta.bids, delta.asks)
        number = delta.last_id if delta.last_id is not None else self._number(delta.recv_ns)
        if number <= self._last_id:
            return []
        ts_us = max(venue_us if delta.ts_us is None else delta.ts_us, self.last_us or 0)
        self._last_id, self.last_us = number, ts_us
        if number != delta.last_id or ts_us != delta.ts_us:
            delta = replace(delta, last_id=number, ts_us=ts_us)
        if ts_us < self._due_us:
            return [delta]
        return [delta, self._snapshot(delta.recv_ns)]

    def _snapshot(self, recv_ns: int) -> BookSnapshot:
        """The whole book, as of its last update."""
        assert self.last_us is not None
        self._due_us = self.last_us + SNAPSHOT_EVERY_US
        bids, asks = self.book.bids.top(), self.book.asks.top()
        return BookSnapshot(self._venue, self._symbol, self._last_id, self.last_us, recv_ns, bids, asks)

    def _number(self, recv_ns: int) -> int:
        """For venues that number nothing: rising with the time of receipt."""
        return max(self._last_id + 1, recv_ns // 1000)


def _time_of_first(events: Sequence[BookSnapshot | BookDelta]) -> int | None:
    return next((event.ts_us for event in events if event.ts_us is not None), None)
