"""What a damaged journal took from a feed that goes on."""

from __future__ import annotations

from tapeql.collect.books import Books
from tapeql.collect.trades import KeyedTrades
from tapeql.connectors.book import Synced
from tapeql.connectors.events import BookDelta, BookSnapshot, Gap, Trade


def trade(number: int) -> Trade:
    return Trade("alpaca", "AAPL", str(number), number, number * 1000, 0, 1.0, 1.0)


class Trusting:
    """Rules of a book that lets everything through."""

    def on_snapshot(self, snapshot: BookSnapshot) -> Synced:
        return Synced([snapshot])

    def on_delta(self, delta: BookDelta) -> Synced:
        return Synced([delta])


def test_keyed_trades_that_were_seen_are_filled_in() -> None:
    """They were heard before the journal lost them: that is no reason to take them for repetitions."""
    trades = KeyedTrades("alpaca", "AAPL")
    for number in range(1, 6):
        trades.live(trade(number))
    trades.adopt(Gap("alpaca", "AAPL", "trades:1:damaged", "trades", 2000, 4000, None, None, "damaged"))
    (hole,) = trades.missing()
    assert trades.history([trade(2), trade(3), trade(4)]) == [trade(2), trade(3), trade(4)]
    (filled,) = trades.exhausted(hole, None)
    assert isinstance(filled, Gap)
    assert filled.filled_us == 4000


def test_a_book_goes_on_from_a_snapshot_of_its_own() -> None:
    """Nothing stored ends the gap: the book in memory is whole, and ends it where it is now."""
    books = Books("x", "A")
    books.attach(1, Trusting())
    books.on(1, BookSnapshot("x", "A", 10, 1_000, 0, [(1.0, 1.0)], []), 0)
    books.on(1, BookDelta("x", "A", 11, 11, None, 2_000, 0, [(2.0, 1.0)], []), 0)
    gap = Gap("x", "A", "book:1:damaged", "book", 1_000, 1_500, 11, None, "damaged")
    ended, whole = books.adopt(gap)
    assert isinstance(ended, Gap)
    assert (ended.until_us, ended.to_id) == (2_000, 11)
    assert whole == BookSnapshot("x", "A", 11, 2_000, 0, [(2.0, 1.0), (1.0, 1.0)], [])
    books.detach(1, "gone")
    assert books.adopt(gap) == [gap]
