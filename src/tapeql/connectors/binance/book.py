"""When a Binance book is whole: the documented rule of U, u and pu, as a state machine.

Deltas wait until a REST snapshot L comes; those before it are dropped; the first that goes on has U <= L + 1 <= u (spot)
or U <= L <= u (futures); then each follows the one before it: U == u before + 1, or pu == u before.

Futures skip ids between pu and U, which change nothing: a snapshot from there, too, is followed by that delta.
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
        if self._waiting and not self._reaches_back(self._waiting[0], snapshot.last_id):
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
            after = f" after {delta.prev_id}" if self._follows_previous else ""
            lost = f"update {self._last} was followed by {delta.first_id}{after}"
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
        assert delta.last_id is not None
        if self._first_since_snapshot:
            return self._reaches_back(delta, self._last) and self._last <= delta.last_id
        return (delta.prev_id if self._follows_previous else _before(delta)) == self._last

    def _reaches_back(self, delta: BookDelta, last_id: int) -> bool:
        """Whether no update is missing between a snapshot and this delta."""
        if self._follows_previous and delta.prev_id is not None and delta.prev_id <= last_id:
            return True
        return _before(delta) < last_id if self._follows_previous else _before(delta) <= last_id


def _before(delta: BookDelta) -> int:
    assert delta.first_id is not None
    return delta.first_id - 1
