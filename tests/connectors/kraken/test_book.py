"""Kraken's book rule on recordings: the checksum is right on every update, and tells when one is missing."""

from __future__ import annotations

import json
import random
from functools import lru_cache
from pathlib import Path

import pytest

from tapeql.connectors.book import Book, Synced
from tapeql.connectors.events import BookDelta, BookSnapshot
from tapeql.connectors.kraken.book import ASK_AGAIN_NS, KrakenBook
from tapeql.connectors.kraken.decode import WrittenDelta, WrittenSnapshot, decode
from tests.connectors.kraken import v1
from tests.connectors.kraken.samples import BOOK_SNAPSHOT
from tests.exchange.kraken import checksum

Written = WrittenSnapshot | WrittenDelta

EMPTY_UPDATE = b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[%s],"asks":[%s],"checksum":%d}]}'


@lru_cache(maxsize=1)
def recorded(folder: Path) -> list[Written]:
    frames = ((recv_ns, v1.as_v2(frame)) for recv_ns, frame in v1.frames(folder / v1.BOOKS))
    return [
        event
        for recv_ns, frame in frames
        if frame is not None
        for event in decode(frame, recv_ns)
        if isinstance(event, WrittenSnapshot | WrittenDelta)
    ]


def feed(book: KrakenBook, event: Written) -> Synced:
    return book.on_snapshot(event) if isinstance(event, BookSnapshot) else book.on_delta(event)


def one(frame: bytes, recv_ns: int = 1) -> Written:
    (event,) = decode(frame, recv_ns)
    assert isinstance(event, WrittenSnapshot | WrittenDelta)
    return event


def update(bids: bytes = b"", asks: bytes = b"", checksum: int = 1, recv_ns: int = 2) -> WrittenDelta:
    event = one(EMPTY_UPDATE % (bids, asks, checksum), recv_ns)
    assert isinstance(event, WrittenDelta)
    return event


def begun(depth: int = 10) -> KrakenBook:
    book = KrakenBook(depth)
    assert book.on_snapshot(one(BOOK_SNAPSHOT)).gap is None
    return book


def test_the_checksum_is_right_on_every_recorded_update(shared_data: Path) -> None:
    """4,269 updates of ten books, none without a checksum, and no gap."""
    books: dict[str, KrakenBook] = {}
    checked = 0
    for event in recorded(shared_data):
        synced = feed(books.setdefault(event.symbol, KrakenBook(v1.BOOKS_DEPTH)), event)
        assert synced.gap is None
        assert len(synced.events) == 1
        checked += event.checksum is not None
    assert (checked, len(books)) == (4269, 10)


def test_what_is_handed_on_makes_the_same_book(shared_data: Path) -> None:
    """Who applies the events alone, not knowing of depths, holds the best levels to the depth; never crossed."""
    depth = 25
    whole: dict[str, Book] = {}
    rebuilt: dict[str, Book] = {}
    books: dict[str, KrakenBook] = {}
    for event in recorded(shared_data):
        mine, theirs = whole.setdefault(event.symbol, Book()), rebuilt.setdefault(event.symbol, Book())
        synced = feed(books.setdefault(event.symbol, KrakenBook(depth)), event)
        if isinstance(event, BookSnapshot):
            mine.replace(event.bids, event.asks)
        else:
            mine.apply(event.bids, event.asks)
        mine.bids.truncate(depth)
        mine.asks.truncate(depth)
        for kept in synced.events:
            assert type(kept) in (BookSnapshot, BookDelta)
            if isinstance(kept, BookSnapshot):
                theirs.replace(kept.bids, kept.asks)
            else:
                theirs.apply(kept.bids, kept.asks)
            assert (theirs.bids.top(), theirs.asks.top()) == (mine.bids.top(), mine.asks.top())
            assert len(theirs.bids) <= depth
            assert not theirs.crossed


def test_a_lost_update_among_the_best_ten_shows_at_the_next(shared_data: Path) -> None:
    """Without one update that changes the ten best, the checksum of the very next update is wrong; a snapshot heals."""
    by_symbol: dict[str, list[Written]] = {}
    for event in recorded(shared_data):
        by_symbol.setdefault(event.symbol, []).append(event)
    dice = random.Random(1)
    tried = at_once = 0
    for events in by_symbol.values():
        for k in sorted(dice.sample(range(1, len(events) - 1), min(12, len(events) - 2))):
            tried += 1
            at_once += loses(events, k)
    assert tried >= 90
    assert at_once >= tried // 4


def loses(events: list[Written], k: int) -> bool:
    """Feeds all but event k; whether the ten best differ after k + 1. Then, and only then, the gap must come there."""
    full, lacking = KrakenBook(v1.BOOKS_DEPTH), KrakenBook(v1.BOOKS_DEPTH)
    for event in events[:k]:
        feed(full, event)
        feed(lacking, event)
    feed(full, events[k])
    feed(full, events[k + 1])
    synced = feed(lacking, events[k + 1])
    if best(lacking) == best(full):
        assert synced.gap is None
        return False
    assert synced.gap is not None
    assert synced.wants_snapshot
    assert not synced.events
    bids, asks = full._book.bids.top(), full._book.asks.top()
    texts = tuple(full._bids[price] for price, _ in bids), tuple(full._asks[price] for price, _ in asks)
    again = WrittenSnapshot("kraken", events[k].symbol, None, 1, 1, bids, asks, events[k + 1].checksum, *texts)
    assert feed(lacking, again).events
    assert all(feed(lacking, event).gap is None for event in events[k + 2 :])
    return True


def best(book: KrakenBook) -> list[tuple[float, float]]:
    return book._book.bids.top(10) + book._book.asks.top(10)


def test_the_documented_example_has_its_checksum() -> None:
    """The snapshot of the checksum's own page is whole; with another digit or checksum it is not."""
    assert KrakenBook(10).on_snapshot(one(BOOK_SNAPSHOT)).events
    for wrong in (
        BOOK_SNAPSHOT.replace(b"0.15445238", b"0.15445239"),
        BOOK_SNAPSHOT.replace(b"3310070434", b"3310070435"),
    ):
        synced = KrakenBook(10).on_snapshot(one(wrong))
        assert (synced.events, synced.wants_snapshot) == ([], True)
        assert synced.gap is not None


def test_digits_count_not_values() -> None:
    """0.1 and 0.10000000 are one quantity and two texts."""
    assert KrakenBook(10).on_snapshot(one(BOOK_SNAPSHOT.replace(b"0.10000000", b"0.1"))).gap is not None


@pytest.mark.parametrize(("number", "text"), [(b"0.00000001", "1"), (b"1e-8", "1"), (b"100", "100"), (b"1E+2", "100")])
def test_numbers_have_their_digits_however_they_are_written(number: bytes, text: str) -> None:
    """An exponent is written out, points and leading zeros go."""
    assert update(b'{"price":0.05005,"qty":%s}' % number).bids_written == (f"5005{text}",)


def test_more_digits_than_a_double_has_are_kept() -> None:
    """The text has all of them."""
    assert update(asks=b'{"price":0.00002180,"qty":123456789012.12345678}').asks_written == (
        "218012345678901212345678",
    )


def test_levels_behind_the_depth_are_told_to_be_gone() -> None:
    """Kraken forgets the eleventh of ten levels silently; the delta says it."""
    (item,) = json.loads(BOOK_SNAPSHOT, parse_float=str)["data"]
    bids, asks = ([(level["price"], level["qty"]) for level in item[side]] for side in ("bids", "asks"))
    right = checksum((("45283.6", "1.00000000"), *bids), tuple(asks))
    (kept,) = begun().on_delta(update(b'{"price":45283.6,"qty":1.00000000}', checksum=right)).events
    assert kept.bids == [(45283.6, 1.0), (45276.6, 0.0)]
    assert kept.asks == []


def test_after_a_gap_nothing_is_kept_before_a_snapshot() -> None:
    """Deltas on their way are passed over without asking again, until the snapshot is late."""
    book = begun()
    assert book.on_delta(update(b'{"price":45283.6,"qty":1.00000000}', checksum=1)).wants_snapshot
    assert book.on_delta(update(recv_ns=3)) == Synced()
    assert book.on_delta(update(recv_ns=3 + ASK_AGAIN_NS)) == Synced(wants_snapshot=True)
    assert book.on_delta(update(recv_ns=4 + ASK_AGAIN_NS)) == Synced()
    assert book.on_snapshot(one(BOOK_SNAPSHOT)).events
    assert book.on_delta(update(checksum=3310070434)).events


def test_a_delta_before_any_snapshot_asks_for_one() -> None:
    """A first snapshot that could not be read is asked for again."""
    assert KrakenBook(10).on_delta(update()) == Synced(wants_snapshot=True)


def test_a_snapshot_from_elsewhere_is_passed_over() -> None:
    """REST's has other digits and no place in the stream."""
    plain = BookSnapshot("kraken", "BTC/USD", None, 1, 1, [(1.0, 1.0)], [(2.0, 1.0)])
    assert begun().on_snapshot(plain) == Synced()
