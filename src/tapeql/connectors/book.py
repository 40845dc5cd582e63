"""Order books: the levels of one symbol, and what a venue's synchronization tells about them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tapeql.connectors.events import BookDelta, BookSnapshot, Level


@dataclass(slots=True)
class Synced:
    """What became of a book message.

    events          what to keep, in order: a snapshot first whenever the book begins anew
    gap             why the book is no longer known, where this message showed it
    wants_snapshot  the book cannot go on before `resync_book` brings one
    """

    events: list[BookSnapshot | BookDelta] = field(default_factory=list)
    gap: str | None = None
    wants_snapshot: bool = False


class BookSync(Protocol):
    """A venue's rule for one book on one connection: pure, fed with what decode made."""

    def on_snapshot(self, snapshot: BookSnapshot) -> Synced: ...

    def on_delta(self, delta: BookDelta) -> Synced: ...


class Side:
    """Prices of one side in order, with their sizes. Asks rise from the best; bids are kept negated, so they do too."""

    __slots__ = ("_keys", "_sign", "sizes")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[float] = []
        self.sizes: dict[float, float] = {}

    def set(self, price: float, size: float) -> None:
        known = price in self.sizes
        if size > 0:
            self.sizes[price] = size
            if not known:
                insort(self._keys, self._sign * price)
        elif known:
            del self.sizes[price]
            del self._keys[bisect_left(self._keys, self._sign * price)]

    def truncate(self, depth: int) -> list[float]:
        """Forgets the levels behind the best `depth`; returns their prices."""
        gone = [self._sign * key for key in self._keys[depth:]]
        del self._keys[depth:]
        for price in gone:
            del self.sizes[price]
        return gone

    def top(self, depth: int | None = None) -> list[Level]:
        """(price, size), the best first."""
        keys = self._keys if depth is None else self._keys[:depth]
        return [(price, self.sizes[price]) for price in (self._sign * key for key in keys)]

    def best(self) -> float | None:
        return self._sign * self._keys[0] if self._keys else None

    def __len__(self) -> int:
        return len(self._keys)


class Book:
    """The levels of one symbol."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = Side(-1)
        self.asks = Side(1)

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        self.bids, self.asks = Side(-1), Side(1)
        self.apply(bids, asks)

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        for price, size in bids:
            self.bids.set(price, size)
        for price, size in asks:
            self.asks.set(price, size)

    @property
    def crossed(self) -> bool:
        bid, ask = self.bids.best(), self.asks.best()
        return bid is not None and ask is not None and bid >= ask
