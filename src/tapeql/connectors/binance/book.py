"""When a Binance book is whole: the documented rule of U, u and pu, as a state machine.

Deltas wait until a REST snapshot L comes; those before it are dropped; the first that goes on has U <= L + 1 <= u (spot)
or U <= L <= u (futures); then each follows the one before it: U == u before + 1, or pu == u before.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from tapeql.connectors.binance.markets import Market
from tapeql.connectors.book import Synced
from tapeql.connectors.events import BookDelta, BookSnapshot

WAITING_DELTAS: Final = 10_000
"""More than a quarter of an hour of deltas: a snapshot that takes so long will not come."""


class BinanceBook:
    """One book on one connection."""

    def __init__(self, market: Market) -> None:
        self._follows_previous = market.follows_previous
        self._waiting: deque[BookDelta] = deque(maxlen=WAITING_DELTAS)
        self._snapshot: BookSnapshot | None = None
        self._last: int | None = None
        self._first_since_snapshot = False

    def on_snapshot(self, snapshot: BookSnapshot) -> Synced:
        """A snapshot older than what waits cannot be joined to it: another is wanted."""
        if self._last is not None or snapshot.last_id is None:
            return Synced()
        if self._waiting and not self._joins(snapshot.last_id, self._waiting):
            return Synced(wants_snapshot=True)
        self._last = snapshot.last_id
        self._first_since_snapshot = True
        synced = Synced([snapshot])
        waiting, self._waiting = self._waiting, deque(maxlen=WAITING_DELTAS)
        for delta in waiting:
            further = self.on_delta(delta)
            synced.events += further.events
            synced.gap = synced.gap or further.gap
            synced.wants_snapshot = synced.wants_snapshot or further.wants_snapshot
        return synced

    def on_delta(self, delta: BookDelta) -> Synced:
        assert delta.first_id is not None
        assert delta.last_id is not None
        if self._last is None:
            first = not self._waiting
            self._waiting.append(delta)
            return Synced(wants_snapshot=first)
        if self._old(delta.last_id):
            return Synced()
        if not self._follows(delta):
            lost = f"update {self._last} was followed by {delta.first_id}"
            self._last = None
            self._waiting.append(delta)
            return Synced(gap=lost, wants_snapshot=True)
        self._last = delta.last_id
        self._first_since_snapshot = False
        return Synced([delta])

    def _old(self, last_id: int) -> bool:
        assert self._last is not None
        if self._follows_previous and self._first_since_snapshot:
            return last_id < self._last
        return last_id <= self._last

    def _follows(self, delta: BookDelta) -> bool:
        assert self._last is not None
        assert delta.first_id is not None
        assert delta.last_id is not None
        if self._first_since_snapshot:
            behind = 0 if self._follows_previous else 1
            return delta.first_id <= self._last + behind <= delta.last_id
        if self._follows_previous:
            return delta.prev_id == self._last
        return delta.first_id == self._last + 1

    def _joins(self, last_id: int, waiting: deque[BookDelta]) -> bool:
        """Whether the first waiting delta does not begin behind the snapshot."""
        first = waiting[0].first_id
        assert first is not None
        return first <= last_id + 1
