"""When a book of IBKR is whole: rows that are inserted, changed and deleted by position.

An insertion moves the rows behind it one further, a deletion one nearer. Several rows may have one price, each of
another market maker or exchange: a level is their sum. The rows begin with nothing at each subscription and whenever
the venue empties them (317); a row in no place shows that something was lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from tapeql.connectors.book import Synced
from tapeql.connectors.events import BookDelta, BookSnapshot, Level
from tapeql.connectors.ibkr.symbols import VENUE

INSERT: Final = 0
UPDATE: Final = 1
DELETE: Final = 2
OPERATIONS: Final = (INSERT, UPDATE, DELETE)
BID: Final = 1


class Row(NamedTuple):
    """A change of one side's rows; price and size count for nothing in a deletion."""

    position: int
    operation: int
    is_bid: bool
    price: float
    size: float


class Depth(BookDelta, frozen=True, array_like=True, gc=False, tag="d"):
    """The changed rows of one packet, in order: only `IbkrBook` can tell which levels they change.

    begins  no row is known before these
    fault   why the rows are not known any more
    """

    rows: tuple[Row, ...] = ()
    begins: bool = False
    fault: str | None = None


def depth(
    symbol: str, recv_ns: int, rows: Sequence[Row] = (), *, begins: bool = False, fault: str | None = None
) -> Depth:
    return Depth(VENUE, symbol, None, None, None, None, recv_ns, [], [], None, tuple(rows), begins, fault)


class IbkrBook:
    """One book on one connection. `most_rows` is how many were asked for."""

    def __init__(self, most_rows: int) -> None:
        self._most_rows = most_rows
        self._bids: list[Level] = []
        self._asks: list[Level] = []
        self._followed = False
        """Positions mean something: all rows were seen from where they began."""
        self._told = False
        """A snapshot was handed on since."""
        self._asked = False
        """Another subscription was asked for, and has not begun."""

    def on_snapshot(self, snapshot: BookSnapshot) -> Synced:
        """The venue has none: books begin with rows."""
        return Synced()

    def on_delta(self, delta: BookDelta) -> Synced:
        assert isinstance(delta, Depth)
        if delta.begins:
            gap = (delta.fault or "the book began anew") if self._told else None
            self._bids, self._asks = [], []
            self._followed, self._told, self._asked = True, False, False
            return Synced(gap=gap) if not delta.rows else self._after(delta, gap)
        if delta.fault or not self._followed:
            return self._lose(delta.fault)
        return self._after(delta, None)

    def _lose(self, reason: str | None) -> Synced:
        synced = Synced(gap=reason if self._told else None, wants_snapshot=not self._asked)
        self._followed, self._told, self._asked = False, False, True
        return synced

    def _after(self, delta: Depth, gap: str | None) -> Synced:
        before = _levels(self._bids), _levels(self._asks)
        for row in delta.rows:
            if not self._apply(row):
                side = "bid" if row.is_bid else "ask"
                lost = self._lose(f"row {row.position} was changed of {len(self._side(row))} {side}s")
                lost.gap = gap or lost.gap
                return lost
        return Synced(self._events(delta, *before), gap)

    def _side(self, row: Row) -> list[Level]:
        return self._bids if row.is_bid else self._asks

    def _apply(self, row: Row) -> bool:
        side = self._side(row)
        level = (row.price, row.size)
        if row.operation == DELETE:
            if row.position < len(side):
                del side[row.position]
                return True
            # The last row may be deleted that an insertion has pushed out already.
            return row.position == self._most_rows
        if row.position > len(side):
            return False
        if row.operation == UPDATE and row.position < len(side):
            side[row.position] = level
        else:
            side.insert(row.position, level)
            del side[self._most_rows :]
        return True

    def _events(
        self, delta: Depth, bids_before: dict[float, float], asks_before: dict[float, float]
    ) -> list[BookSnapshot | BookDelta]:
        bids, asks = _levels(self._bids), _levels(self._asks)
        if not self._told:
            self._told = True
            whole = sorted(bids.items(), reverse=True), sorted(asks.items())
            return [BookSnapshot(VENUE, delta.symbol, None, None, delta.recv_ns, *whole)]
        changed = _changes(bids_before, bids), _changes(asks_before, asks)
        if not any(changed):
            return []
        return [BookDelta(VENUE, delta.symbol, None, None, None, None, delta.recv_ns, *changed)]


def _levels(rows: Sequence[Level]) -> dict[float, float]:
    levels: dict[float, float] = {}
    for price, size in rows:
        if size > 0:
            levels[price] = levels.get(price, 0.0) + size
    return levels


def _changes(before: dict[float, float], after: dict[float, float]) -> list[Level]:
    """Levels that differ, with the sizes they now have: 0 for those that went."""
    gone = [(price, 0.0) for price in before if price not in after]
    return gone + [(price, size) for price, size in after.items() if before.get(price) != size]
