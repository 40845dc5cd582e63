"""Kraken's frames as events."""

from __future__ import annotations

import pytest

from tapeql.connectors.events import Heartbeat, Quote, Refused, Subscribed, Trade, Void
from tapeql.connectors.kraken.decode import WrittenDelta, WrittenSnapshot, decode, decode_trades
from tests.connectors.kraken.samples import BOOK_SNAPSHOT, FRAMES

TRADE = (
    b'{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":45285.2,"qty":0.00100000,'
    b'"ord_type":"market","trade_id":4665846,"timestamp":"2023-09-25T07:48:36.925533Z"}]}'
)


def test_trades_have_the_takers_side_and_their_number() -> None:
    """seq is the id; the time is Kraken's, in UTC microseconds."""
    expected = Trade("kraken", "BTC/USD", "4665846", 4665846, 1695628116925533, 7, 45285.2, 0.001, "buy")
    assert decode(TRADE, 7) == [expected]


def test_a_trade_of_nothing_is_void() -> None:
    """Its id is used, and no trade of the market is lost."""
    assert decode(TRADE.replace(b"0.00100000", b"0.00000000"), 7) == [Void("BTC/USD", 4665846)]


def test_quotes_have_no_number_and_may_lack_a_time_or_a_side() -> None:
    """A side that is not there is None."""
    assert decode(FRAMES[12], 7) == [Quote("kraken", "BTC/USD", None, None, 7, 45283.5, 0.1, 45285.2, 0.001)]
    assert decode(FRAMES[13], 7) == [Quote("kraken", "BTC/USD", None, 1696613757440295, 7, None, None, 45285.2, 0.001)]


def test_answers_are_told_by_symbol() -> None:
    """One subscription, one refusal, one farewell."""
    assert decode(FRAMES[1], 7) == [Subscribed("book", ("BTC/USD",))]
    assert decode(FRAMES[4], 7) == [Refused("error", "Currency pair not supported BTX/USD", "BTX/USD")]
    assert decode(FRAMES[5], 7) == [Heartbeat(7)]


@pytest.mark.parametrize("joint", [b"[%s,%s,%s]", b"%s\n%s\n%s", b"%s%s%s"])
def test_merged_frames_lose_nothing(joint: bytes) -> None:
    """Books keep their digits however their messages arrive."""
    alone = [event for frame in (TRADE, BOOK_SNAPSHOT, FRAMES[7]) for event in decode(frame, 7)]
    assert decode(joint % (TRADE, BOOK_SNAPSHOT, FRAMES[7]), 7) == alone


def test_other_orders_and_white_space_are_the_same_message() -> None:
    """The quick way is only a way."""
    strange = BOOK_SNAPSHOT.replace(
        b'{"channel":"book","type":"snapshot",', b' { "type":"snapshot", "channel" : "book",'
    )
    assert decode(strange, 7) == decode(BOOK_SNAPSHOT, 7)
    assert isinstance(decode(strange, 7)[0], WrittenSnapshot)


def test_one_bad_item_does_not_take_the_others_with_it() -> None:
    """Of three trades the one that cannot be is refused, by name."""
    item = TRADE[TRADE.index(b"[") + 1 : -2]
    frame = TRADE.replace(item, b",".join((item, item.replace(b"45285.2", b'"x"'), item.replace(b"45285.2", b"-1"))))
    events = decode(frame, 7)
    assert [type(event) for event in events] == [Trade, Refused, Refused]
    assert [(event.kind, event.symbol) for event in events if isinstance(event, Refused)] == [
        ("malformed", "BTC/USD"),
        ("value", "BTC/USD"),
    ]


@pytest.mark.parametrize(
    "levels",
    [b'{"price":1e999,"qty":1}', b'{"price":1,"qty":1e999999999}', b'{"price":"NaN","qty":1}', b'{"price":"sNaN","qty":1}',
     b'{"price":1,"qty":"Infinity"}', b'{"price":-1,"qty":1}', b'{"price":0,"qty":1}', b'{"price":1,"qty":-0.1}',
     b'{"price":1}', b'{"price":[],"qty":{}}'],
)  # fmt: skip
def test_impossible_levels_are_refused(levels: bytes) -> None:
    """No number that is none gets into a book."""
    frame = b'{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[%s],"checksum":1}]}' % levels
    (event,) = decode(frame, 7)
    assert isinstance(event, Refused)
    assert event.symbol == "BTC/USD"


def test_a_number_with_a_million_zeros_costs_nothing() -> None:
    """It is a deletion, and its digits are never written out."""
    (event,) = decode(
        b'{"channel":"book","data":[{"symbol":"BTC/USD","bids":[{"price":1.5,"qty":1e-999999999}],"checksum":1}]}', 7
    )
    assert isinstance(event, WrittenDelta)
    assert (event.bids, event.bids_written) == ([(1.5, 0.0)], ("",))


def test_rest_and_websocket_agree_on_a_trade() -> None:
    """Id, seq, time, price, quantity and side."""
    body = (
        b'{"error":[],"result":{"XXBTZUSD":[["45285.20000","0.00100000",1695628116.9255335,"b","m","",4665846]],'
        b'"last":"1695628116925533412"}}'
    )
    assert decode_trades("BTC/USD", body, 7) == (decode(TRADE, 7), 1695628116925533412)
