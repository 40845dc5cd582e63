"""Books of Binance on six recorded minutes of spot and of futures."""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tapeql.connectors.binance.book import BinanceBook
from tapeql.connectors.binance.decode import decode, decode_book
from tapeql.connectors.binance.markets import SPOT, USDM, Market
from tapeql.connectors.book import Book, Synced
from tapeql.connectors.events import BookDelta, BookSnapshot, Event, Quote
from tests.connectors.binance import recordings

AT = 1_723_161_254_000_000

each_market = pytest.mark.parametrize(
    ("market", "recording"), [(SPOT, recordings.SPOT), (USDM, recordings.USDM)], ids=["spot", "usdm"]
)


@dataclass(frozen=True)
class Recorded:
    """All events in the order of receipt, the book among them where its reply came."""

    events: list[Event]
    snapshot: BookSnapshot
    deltas: list[BookDelta]


MARKETS = {market.venue: market for market in (SPOT, USDM)}


@cache
def _recorded(venue: str, path: Path) -> Recorded:
    market = MARKETS[venue]
    at_ns, body = recordings.book_2024(path)
    snapshot = decode_book(market, "BTCUSDT", body, at_ns)
    before: list[Event] = []
    after: list[Event] = []
    for recv_ns, frame in recordings.frames_2024(path):
        (before if recv_ns < at_ns else after).extend(decode(market, frame, recv_ns))
    deltas = [event for event in before + after if isinstance(event, BookDelta)]
    return Recorded([*before, snapshot, *after], snapshot, deltas)


@pytest.fixture
def recorded(market: Market, recording: str, shared_data: Path) -> Recorded:
    return _recorded(market.venue, shared_data / recording)


def apply(book: Book, synced: Synced) -> None:
    for event in synced.events:
        if isinstance(event, BookSnapshot):
            book.replace(event.bids, event.asks)
        else:
            book.apply(event.bids, event.asks)


@each_market
def test_every_delta_follows_and_the_book_agrees_with_the_tickers(market: Market, recorded: Recorded) -> None:
    """From the snapshot on no delta is missing, the book is never crossed, and its best levels are the ticker's
    wherever both are as of one update."""
    sync, book, last_id = BinanceBook(market), Book(), None
    applied = snapshots_wanted = 0
    best: dict[int, tuple[object, object]] = {}
    compared: dict[int, bool] = {}

    def compare() -> None:
        if last_id in best:
            compared[last_id] = (book.bids.top(1)[0], book.asks.top(1)[0]) == best[last_id]

    for event in recorded.events:
        if isinstance(event, Quote):
            assert event.update_id is not None
            best[event.update_id] = (event.bid, event.bid_size), (event.ask, event.ask_size)
            compare()
        elif isinstance(event, BookSnapshot | BookDelta):
            synced = sync.on_snapshot(event) if isinstance(event, BookSnapshot) else sync.on_delta(event)
            assert synced.gap is None
            snapshots_wanted += synced.wants_snapshot
            for kept in synced.events:
                apply(book, Synced([kept]))
                applied += isinstance(kept, BookDelta)
                last_id = kept.last_id
                assert not book.crossed
                compare()

    assert snapshots_wanted == 1
    assert applied == {"binance": 3449, "binanceusdm": 6547}[market.venue]
    assert len(compared) == {"binance": 564, "binanceusdm": 629}[market.venue]
    assert all(compared.values())


@each_market
def test_a_missing_delta_is_told_by_the_next_one_and_healed(market: Market, recorded: Recorded) -> None:
    """Wherever a delta is lost, the one after it says so; a snapshot from before is refused, a later one heals."""
    dice = random.Random(1)
    sync, book = BinanceBook(market), Book()
    apply(book, sync.on_snapshot(recorded.snapshot))
    follow = [d for d in recorded.deltas if d.last_id is not None and d.last_id > (recorded.snapshot.last_id or 0)]
    positions = {1, 2, 3, *dice.sample(range(3, len(follow) - 10), 40)}
    for k in range(len(follow) - 10):
        if k in positions:
            _lose(market, follow, k, copy.deepcopy(sync), copy.deepcopy(book))
        apply(book, sync.on_delta(follow[k]))


def _lose(market: Market, follow: list[BookDelta], k: int, sync: BinanceBook, reference: Book) -> None:
    stale = _snapshot(reference, follow[k - 1].last_id)
    lost = sync.on_delta(follow[k + 1])
    assert lost.gap is not None
    assert lost.wants_snapshot
    assert lost.events == []
    for delta in follow[k + 2 : k + 8]:
        assert sync.on_delta(delta) == Synced()
    assert sync.on_snapshot(stale) == Synced(wants_snapshot=True)
    for delta in follow[k : k + 5]:
        reference.apply(delta.bids, delta.asks)
    later = _snapshot(reference, follow[k + 4].last_id)
    healed = sync.on_snapshot(later)
    assert (healed.gap, healed.wants_snapshot) == (None, False)
    first = k + 5 if market is SPOT else k + 4
    assert healed.events == [later, *follow[first : k + 8]]
    for delta in follow[k + 5 : k + 8]:
        reference.apply(delta.bids, delta.asks)
    mended = Book()
    apply(mended, healed)
    assert (mended.bids.top(), mended.asks.top()) == (reference.bids.top(), reference.asks.top())
    assert sync.on_delta(follow[k + 8]).events == [follow[k + 8]]


def _snapshot(book: Book, last_id: int | None) -> BookSnapshot:
    return BookSnapshot("x", "BTCUSDT", last_id, None, AT, book.bids.top(), book.asks.top())


# ── the rule, by numbers ──────────────────────────────────────────────────────────────────────────────────────────────


def delta(first: int, last: int, previous: int | None = None) -> BookDelta:
    return BookDelta("x", "BTCUSDT", first, last, previous, AT, AT, [(float(last), 1.0)], [])


def snapshot(last: int) -> BookSnapshot:
    return BookSnapshot("x", "BTCUSDT", last, None, AT, [(1.0, 1.0)], [(2.0, 1.0)])


def joined(market: Market, at: int, *deltas: BookDelta) -> Synced:
    sync = BinanceBook(market)
    for each in deltas:
        sync.on_delta(each)
    return sync.on_snapshot(snapshot(at))


@pytest.mark.parametrize(
    ("at", "begins_with"), [(8, None), (9, 0), (10, 0), (14, 0), (15, 1), (16, 1), (20, 2), (25, None)]
)
def test_spot_goes_on_with_the_delta_that_holds_the_next_update(at: int, begins_with: int | None) -> None:
    """U <= L + 1 <= u: older deltas are dropped, an older snapshot is refused, a newer one waits for its delta."""
    deltas = [delta(10, 15), delta(16, 20), delta(21, 22)]
    synced = joined(SPOT, at, *deltas)
    if at < 9:
        assert synced == Synced(wants_snapshot=True)
    else:
        rest = [] if begins_with is None else deltas[begins_with:]
        assert synced == Synced([snapshot(at), *rest])


@pytest.mark.parametrize(
    ("at", "begins_with"), [(4, None), (5, 0), (7, 0), (10, 0), (15, 0), (16, 1), (19, 1), (21, None)]
)
def test_futures_go_on_with_the_delta_around_the_snapshot(at: int, begins_with: int | None) -> None:
    """U <= L <= u, and ids between pu and U, which change nothing, belong to the delta behind them."""
    deltas = [delta(10, 15, 5), delta(18, 20, 15)]
    synced = joined(USDM, at, *deltas)
    if at < 5:
        assert synced == Synced(wants_snapshot=True)
    else:
        rest = [] if begins_with is None else deltas[begins_with:]
        assert synced == Synced([snapshot(at), *rest])


def test_futures_follow_by_pu_alone() -> None:
    """After the first delta it is pu that counts: skipped ids are no gap, equal ids without pu are one."""
    sync = BinanceBook(USDM)
    sync.on_snapshot(snapshot(12))
    assert sync.on_delta(delta(10, 15, 5)).events
    assert sync.on_delta(delta(40, 42, 15)).events
    assert sync.on_delta(delta(43, 44, 41)).gap == "update 42 was followed by 43 after 41"


def test_a_repeated_delta_changes_nothing() -> None:
    """What was heard before is dropped, and is no gap."""
    for market, previous in ((SPOT, None), (USDM, 9)):
        sync = BinanceBook(market)
        sync.on_snapshot(snapshot(9))
        assert sync.on_delta(delta(10, 15, previous)).events
        assert sync.on_delta(delta(10, 15, previous)) == Synced()


def test_a_snapshot_is_asked_for_once() -> None:
    """The first waiting delta asks, the others wait; a snapshot nobody asked for is ignored."""
    sync = BinanceBook(SPOT)
    assert [sync.on_delta(delta(n, n)).wants_snapshot for n in (10, 11, 12)] == [True, False, False]
    assert len(sync.on_snapshot(snapshot(10)).events) == 3
    assert sync.on_snapshot(snapshot(11)) == Synced()
    assert sync.on_delta(delta(13, 13)).events


def test_a_gap_among_the_waiting_is_told_with_the_snapshot() -> None:
    """A snapshot joins what is before the gap; what is behind it waits for another."""
    synced = joined(SPOT, 10, delta(10, 11), delta(13, 14))
    assert synced.events == [snapshot(10), delta(10, 11)]
    assert synced.gap == "update 11 was followed by 13"
    assert synced.wants_snapshot
