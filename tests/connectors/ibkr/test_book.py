"""Books of rows by position: levels, holes, new beginnings."""

from __future__ import annotations

import random

import pytest

from tapeql.connectors.book import Book
from tapeql.connectors.events import BookDelta, BookSnapshot
from tapeql.connectors.ibkr.book import DELETE, INSERT, UPDATE, Depth, IbkrBook, Row, depth

NS = 1


def of(*rows: Row, begins: bool = False, fault: str | None = None) -> Depth:
    return depth("AAPL", NS, rows, begins=begins, fault=fault)


BEGIN = of(
    Row(0, INSERT, True, 10.0, 5.0), Row(1, INSERT, True, 9.0, 1.0), Row(0, INSERT, False, 11.0, 2.0), begins=True
)


def test_it_begins_with_a_snapshot_of_the_first_rows() -> None:
    """The rows that come together at first are the book; an event of a later packet changes it."""
    book = IbkrBook(10)
    synced = book.on_delta(BEGIN)
    assert synced.events == [BookSnapshot("ibkr", "AAPL", None, None, NS, [(10.0, 5.0), (9.0, 1.0)], [(11.0, 2.0)])]
    synced = book.on_delta(of(Row(0, DELETE, True, 0.0, 0.0)))
    assert synced.events == [BookDelta("ibkr", "AAPL", None, None, None, None, NS, [(10.0, 0.0)], [])]


def test_rows_of_one_price_are_one_level() -> None:
    """A level is what all makers have at its price."""
    book = IbkrBook(10)
    book.on_delta(BEGIN)
    synced = book.on_delta(of(Row(1, INSERT, True, 10.0, 7.0)))
    assert [e.bids for e in synced.events] == [[(10.0, 12.0)]]
    synced = book.on_delta(of(Row(0, DELETE, True, 0.0, 0.0)))
    assert [e.bids for e in synced.events] == [[(10.0, 7.0)]]


def test_a_change_of_nothing_is_no_event() -> None:
    """Rows that leave the levels as they were say nothing new."""
    book = IbkrBook(10)
    book.on_delta(BEGIN)
    assert book.on_delta(of(Row(0, UPDATE, True, 10.0, 5.0))).events == []


@pytest.mark.parametrize("seed", range(30))
def test_levels_follow_the_rows(seed: int) -> None:
    """Snapshot and deltas, applied by price, give at each moment what the rows say."""
    chance = random.Random(seed)
    most = 10
    sync, book = IbkrBook(most), Book()
    rows: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    begins = True
    for _ in range(150):
        changes = []
        for _ in range(chance.randrange(1, 4)):
            is_bid = chance.random() < 0.5
            side = rows[is_bid]
            level = (float(chance.randrange(1, 15)), float(chance.randrange(1, 9)))
            operation = chance.choice([INSERT, INSERT, UPDATE, DELETE]) if side else INSERT
            position = chance.randrange(len(side) + (operation == INSERT))
            if operation == INSERT:
                side.insert(position, level)
                pushed_out = len(side) > most
                del side[most:]
            elif operation == UPDATE:
                side[position] = level
            else:
                del side[position]
            changes.append(Row(position, operation, is_bid, *level))
            if operation == INSERT and pushed_out:
                changes.append(Row(most, DELETE, is_bid, 0.0, 0.0))
        synced = sync.on_delta(of(*changes, begins=begins))
        assert synced.gap is None
        assert not synced.wants_snapshot
        for event in synced.events:
            if isinstance(event, BookSnapshot):
                book.replace(event.bids, event.asks)
            else:
                book.apply(event.bids, event.asks)
        begins = False
        for side, is_bid in ((book.bids, True), (book.asks, False)):
            levels: dict[float, float] = {}
            for price, size in rows[is_bid]:
                levels[price] = levels.get(price, 0.0) + size
            assert side.sizes == levels


@pytest.mark.parametrize(
    "row", [Row(3, INSERT, True, 8.0, 1.0), Row(3, UPDATE, True, 8.0, 1.0), Row(2, DELETE, True, 0.0, 0.0)]
)
def test_a_row_in_no_place(row: Row) -> None:
    """It shows that something was lost: once, until the book begins anew."""
    book = IbkrBook(10)
    book.on_delta(BEGIN)
    synced = book.on_delta(of(row))
    assert synced.gap == f"row {row.position} was changed of 2 bids"
    assert synced.wants_snapshot
    synced = book.on_delta(of(Row(0, UPDATE, True, 10.0, 9.0)))
    assert (synced.events, synced.gap, synced.wants_snapshot) == ([], None, False)
    synced = book.on_delta(BEGIN)
    assert isinstance(synced.events[0], BookSnapshot)
    assert synced.gap is None


def test_emptied_by_the_venue() -> None:
    """317 is a gap that the next rows end; nobody needs to ask."""
    book = IbkrBook(10)
    book.on_delta(BEGIN)
    synced = book.on_delta(of(begins=True, fault="emptied"))
    assert (synced.events, synced.gap, synced.wants_snapshot) == ([], "emptied", False)
    synced = book.on_delta(BEGIN)
    assert isinstance(synced.events[0], BookSnapshot)
    assert synced.gap is None


def test_a_new_subscription_is_a_gap_too() -> None:
    """Between two subscriptions nobody knows the book."""
    book = IbkrBook(10)
    book.on_delta(BEGIN)
    synced = book.on_delta(BEGIN)
    assert synced.gap == "the book began anew"
    assert isinstance(synced.events[0], BookSnapshot)


def test_rows_from_the_middle() -> None:
    """Rows whose beginning was not heard are of no use: another subscription is wanted, once."""
    book = IbkrBook(10)
    assert [book.on_delta(of(Row(0, UPDATE, True, 1.0, 1.0))).wants_snapshot for _ in range(3)] == [True, False, False]
