"""When a Kraken book is whole: as long as its checksum is right. Nothing is numbered, so nothing else can tell.

The checksum is CRC32 of the digits of the ten best asks, then the ten best bids. A loss that touches only levels behind
those shows as soon as one of them comes among the ten.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from zlib import crc32

from tapeql.connectors.book import Book, Side, Synced
from tapeql.connectors.events import BookDelta, BookSnapshot, Level
from tapeql.connectors.kraken.decode import WrittenDelta, WrittenSnapshot

CHECKED: Final = 10
ASK_AGAIN_NS: Final = 10_000_000_000
"""A snapshot that has not come so long after it was wanted is lost too."""


class KrakenBook:
    """One book on one connection, `depth` levels a side.

    Fed with the written events of `decode`; what it hands on is plain, and says itself which levels fell out of the
    depth (Kraken does not), so that who replays it need not know of depths.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._book = Book()
        self._bids: dict[float, str] = {}
        self._asks: dict[float, str] = {}
        self._live = False
        self._asked_ns: int | None = None

    def on_snapshot(self, snapshot: BookSnapshot) -> Synced:
        """Only a snapshot of this connection can be gone on from; others, which have no digits, are passed over."""
        if not isinstance(snapshot, WrittenSnapshot):
            return Synced()
        self._book, self._bids, self._asks = Book(), {}, {}
        self._apply(snapshot)
        bids, asks = self._book.bids.top(), self._book.asks.top()
        s = snapshot
        plain = BookSnapshot(s.venue, s.symbol, None, s.ts_us, s.recv_ns, bids, asks, s.checksum)
        return self._checked(plain)

    def on_delta(self, delta: BookDelta) -> Synced:
        if not self._live:
            late = self._asked_ns is None or delta.recv_ns - self._asked_ns > ASK_AGAIN_NS
            if late:
                self._asked_ns = delta.recv_ns
            return Synced(wants_snapshot=late)
        assert isinstance(delta, WrittenDelta)
        bids_gone, asks_gone = self._apply(delta)
        d = delta
        bids, asks = d.bids + bids_gone, d.asks + asks_gone
        return self._checked(BookDelta(d.venue, d.symbol, None, None, None, d.ts_us, d.recv_ns, bids, asks, d.checksum))

    def _apply(self, change: WrittenSnapshot | WrittenDelta) -> tuple[list[Level], list[Level]]:
        """Returns the levels that fell out of the depth, as deletions: bids, asks."""
        bids = self._side(self._book.bids, self._bids, change.bids, change.bids_written)
        asks = self._side(self._book.asks, self._asks, change.asks, change.asks_written)
        return bids, asks

    def _side(self, side: Side, texts: dict[float, str], levels: list[Level], written: Iterable[str]) -> list[Level]:
        for (price, size), text in zip(levels, written, strict=True):
            side.set(price, size)
            if size > 0:
                texts[price] = text
            else:
                texts.pop(price, None)
        gone = side.truncate(self._depth)
        for price in gone:
            del texts[price]
        return [(price, 0.0) for price in gone]

    def _checked(self, event: BookSnapshot | BookDelta) -> Synced:
        found = self._checksum()
        self._live = event.checksum in (None, found)
        if self._live:
            self._asked_ns = None
            return Synced([event])
        self._asked_ns = event.recv_ns
        return Synced(gap=f"the book's checksum is {found}, Kraken's {event.checksum}", wants_snapshot=True)

    def _checksum(self) -> int:
        asks = (self._asks[price] for price, _ in self._book.asks.top(CHECKED))
        bids = (self._bids[price] for price, _ in self._book.bids.top(CHECKED))
        return crc32("".join((*asks, *bids)).encode())
