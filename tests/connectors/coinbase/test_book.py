"""When a Coinbase book is whole, and when a connection has told everything."""

from __future__ import annotations

from pathlib import Path

from tapeql.connectors.book import Book
from tapeql.connectors.coinbase.advanced.sequence import Sequence
from tapeql.connectors.coinbase.book import PATIENCE_NS, CoinbaseBook
from tapeql.connectors.coinbase.exchange.decode import decode
from tapeql.connectors.events import BookDelta, BookSnapshot, Event, Heartbeat, Level, Quote, Reset
from tests.connectors.coinbase import recordings

A, B = [Heartbeat(1)], [Heartbeat(2)]


def snapshot(bids: list[Level], asks: list[Level], recv_ns: int = 1) -> BookSnapshot:
    return BookSnapshot("coinbase", "A-B", None, 1, recv_ns, bids, asks)


def delta(bids: list[Level], asks: list[Level], recv_ns: int = 1) -> BookDelta:
    return BookDelta("coinbase", "A-B", None, None, None, 1, recv_ns, bids, asks)


def test_recorded_books_are_whole_and_never_crossed(shared_data: Path) -> None:
    """Every recorded update is taken, no gap is seen, and nine tickers of ten show the book's best prices."""
    syncs: dict[str, CoinbaseBook] = {}
    books: dict[str, Book] = {}
    taken = tickers = agreeing = 0
    for recv_ns, frame in recordings.exchange_frames(shared_data):
        for event in decode(frame, recv_ns):
            if isinstance(event, BookSnapshot):
                synced = syncs.setdefault(event.symbol, CoinbaseBook()).on_snapshot(event)
                books.setdefault(event.symbol, Book()).replace(event.bids, event.asks)
            elif isinstance(event, BookDelta):
                synced = syncs[event.symbol].on_delta(event)
                books[event.symbol].apply(event.bids, event.asks)
                assert not books[event.symbol].crossed
            else:
                if isinstance(event, Quote) and event.symbol in books:
                    book = books[event.symbol]
                    tickers += 1
                    agreeing += (event.bid, event.ask) == (book.bids.best(), book.asks.best())
                continue
            assert synced.events == [event]
            assert synced.gap is None
            taken += 1
    assert taken == 9729
    assert (agreeing, tickers) == (100, 107)


def test_a_missed_update_shows_when_the_book_crosses() -> None:
    """An ask that was taken without our hearing of it is met by a bid: the book is not known from there on."""
    book = CoinbaseBook()
    book.on_snapshot(snapshot([(10.0, 1.0)], [(11.0, 1.0), (12.0, 1.0)]))
    synced = book.on_delta(delta([(11.0, 2.0)], []))
    assert synced.events == []
    assert synced.wants_snapshot
    assert synced.gap is not None
    assert "11.0" in synced.gap
    assert book.on_delta(delta([(10.5, 2.0)], [])).events == []
    again = snapshot([(11.0, 2.0)], [(12.0, 1.0)])
    assert book.on_snapshot(again).events == [again]
    on = delta([], [(12.0, 3.0)])
    assert book.on_delta(on).events == [on]


def test_a_book_that_comes_crossed_is_taken_as_it_is() -> None:
    """In an auction bids may stand above asks; once it is over a crossing is a fault again."""
    book = CoinbaseBook()
    book.on_snapshot(snapshot([(12.0, 1.0)], [(11.0, 1.0)]))
    assert book.on_delta(delta([(12.5, 1.0)], [])).gap is None
    assert book.on_delta(delta([(12.0, 0.0), (12.5, 0.0)], [])).gap is None
    assert book.on_delta(delta([(12.0, 1.0)], [])).gap is not None


def test_a_snapshot_that_does_not_come_is_asked_for_with_patience() -> None:
    """Updates without a snapshot are not kept; after five seconds of them it is asked for, once each time."""
    book = CoinbaseBook()
    wants = []
    for recv_ns in (0, PATIENCE_NS, PATIENCE_NS + 1, 2 * PATIENCE_NS, 2 * PATIENCE_NS + 2):
        synced = book.on_delta(delta([(1.0, 1.0)], [], recv_ns))
        assert synced.events == []
        assert synced.gap is None
        wants.append(synced.wants_snapshot)
    assert wants == [False, False, True, False, True]


def test_messages_in_order_are_handed_on() -> None:
    """Whatever the first number is; messages without one pass."""
    sequence = Sequence()
    assert sequence.admit(41, A) == A
    assert sequence.admit(42, B) == B
    assert sequence.admit(None, A) == A
    assert sequence.admit(43, B) == B


def test_a_repeated_message_says_nothing() -> None:
    """Its number has been seen."""
    sequence = Sequence()
    sequence.admit(1, A)
    sequence.admit(2, A)
    assert sequence.admit(2, A) == []
    assert sequence.admit(1, A) == []
    assert sequence.admit(3, B) == B


def test_a_missing_message_resets_everything() -> None:
    """What was lost may have been of any symbol: no symbols are named, and nothing that builds on it is handed on."""
    sequence = Sequence()
    sequence.admit(1, A)
    found: list[Event] = sequence.admit(3, A)
    assert found == [Reset("message 1 was followed by 3")]
    assert sequence.admit(4, B) == B
