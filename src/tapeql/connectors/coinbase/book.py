"""When a Coinbase book is whole: from a snapshot on, until something shows that an update is missing.

Updates carry no numbers of their own. On Advanced Trade the connection's do (`advanced.sequence`). On both, a book whose
best bid reaches its best ask has missed one. A book that comes crossed, as in an auction, is taken as it is.
"""

from __future__ import annotations

from typing import Final

from tapeql.connectors.book import Book, Synced
from tapeql.connectors.events import BookDelta, BookSnapshot

PATIENCE_NS: Final = 5_000_000_000
"""A snapshot follows a subscription at once; what came before it may still be on its way for a moment."""


class CoinbaseBook:
    """One book on one connection."""

    def __init__(self) -> None:
        self._book: Book | None = None
        self._uncrossed = False
        self._waiting_ns: int | None = None

    def on_snapshot(self, snapshot: BookSnapshot) -> Synced:
        self._book = Book()
        self._book.replace(snapshot.bids, snapshot.asks)
        self._uncrossed = not self._book.crossed
        self._waiting_ns = None
        return Synced([snapshot])

    def on_delta(self, delta: BookDelta) -> Synced:
        if self._book is None:
            return Synced(wants_snapshot=self._waited(delta.recv_ns))
        self._book.apply(delta.bids, delta.asks)
        if not self._book.crossed:
            self._uncrossed = True
        elif self._uncrossed:
            bid, ask = self._book.bids.best(), self._book.asks.best()
            self._book, self._waiting_ns = None, delta.recv_ns
            return Synced(gap=f"an update was missed: a bid of {bid} met an ask of {ask}", wants_snapshot=True)
        return Synced([delta])

    def _waited(self, recv_ns: int) -> bool:
        """Whether the snapshot is overdue; once each time."""
        if self._waiting_ns is None:
            self._waiting_ns = recv_ns
        overdue = recv_ns - self._waiting_ns > PATIENCE_NS
        if overdue:
            self._waiting_ns = recv_ns
        return overdue
