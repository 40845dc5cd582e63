"""Frames of Binance in all their forms."""

from __future__ import annotations

import pytest

from tapeql.connectors.binance.decode import MOST_IDS, decode, decode_book, decode_trades
from tapeql.connectors.binance.markets import SPOT, USDM
from tapeql.connectors.events import BookDelta, Ending, Event, Heartbeat, Quote, Refused, Trade, Void

TRADE = (
    '{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":41,"p":"61837.63","q":"0.02","T":1723161255342,"m":true,"M":true}'
)
TICKER = '{"u":400,"s":"BTCUSDT","b":"61837.63","B":"3.7","a":"61837.64","A":"1.5"}'
DEPTH = (
    '{"e":"depthUpdate","E":1723161255308,"s":"BTCUSDT","U":3,"u":7,"b":[["55653.87","0.0"]],"a":[["61838.04","0.3"]]}'
)

TRADED = Trade("binance", "BTCUSDT", "41", 41, 1723161255342000, 9, 61837.63, 0.02, "sell")
QUOTED = Quote("binance", "BTCUSDT", 400, None, 9, 61837.63, 3.7, 61837.64, 1.5)
CHANGED = BookDelta("binance", "BTCUSDT", 3, 7, None, 1723161255308000, 9, [(55653.87, 0.0)], [(61838.04, 0.3)])


def spot(frame: str) -> list[Event]:
    return decode(SPOT, frame.encode(), 9)


def combined(stream: str, payload: str) -> str:
    return f'{{"stream":"btcusdt@{stream}","data":{payload}}}'


@pytest.mark.parametrize(
    ("stream", "payload", "event"),
    [("trade", TRADE, TRADED), ("bookTicker", TICKER, QUOTED), ("depth@100ms", DEPTH, CHANGED)],
)
def test_combined_and_raw_streams_say_the_same(stream: str, payload: str, event: Event) -> None:
    """A payload means the same in its wrapper, bare, indented, and behind a byte that should not be there."""
    assert spot(combined(stream, payload)) == [event]
    assert spot(payload) == [event]
    assert spot(f"\n {payload} ") == [event]
    assert spot(combined(stream, payload).replace(":", " : ")) == [event]


def test_several_documents_in_a_frame_all_count() -> None:
    """Arrays and documents in a row are taken apart; what follows a broken one is lost and said to be."""
    frames = [combined("trade", TRADE), TICKER, combined("depth@100ms", DEPTH)]
    whole: list[Event] = [TRADED, QUOTED, CHANGED]
    assert spot(f"[{','.join(frames)}]") == whole
    assert spot("".join(frames)) == whole
    assert spot("\n".join(frames)) == whole
    *first, last = spot(frames[0] + frames[1] + frames[2][:-9])
    assert first == whole[:2]
    assert isinstance(last, Refused)
    assert last.kind == "malformed"


def test_the_order_of_keys_does_not_matter() -> None:
    """A wrapper whose payload comes first is read, too."""
    assert spot(f'{{"data":{TRADE},"stream":"btcusdt@trade"}}') == [TRADED]


@pytest.mark.parametrize("given", ["1723161255342", "1723161255342000", "1723161255342000999"])
def test_the_unit_of_a_time_is_told_by_its_size(given: str) -> None:
    """Milliseconds, microseconds and nanoseconds are one instant."""
    assert spot(combined("trade", TRADE.replace("1723161255342", given))) == [TRADED]


def test_microseconds_are_kept() -> None:
    """Where the venue gives microseconds none are dropped."""
    (trade,) = spot(TRADE.replace("1723161255342", "1723161255342001"))
    assert isinstance(trade, Trade)
    assert trade.ts_us == 1723161255342001


def test_what_was_no_trade_of_the_market_is_void() -> None:
    """Insurance and deleveraging use up an id of futures."""
    future = TRADE.replace('"M":true', '"X":"{}"')
    assert decode(USDM, combined("trade", future.replace("{}", "INSURANCE_FUND")).encode(), 9) == [Void("BTCUSDT", 41)]
    (trade,) = decode(USDM, combined("trade", future.replace("{}", "MARKET")).encode(), 9)
    assert isinstance(trade, Trade)


def test_a_side_of_nothing_is_none() -> None:
    """A bid of zero is no bid."""
    (quote,) = spot(TICKER.replace('"b":"61837.63","B":"3.7"', '"b":"0.00","B":"0.00"'))
    assert quote == Quote("binance", "BTCUSDT", 400, None, 9, None, None, 61837.64, 1.5)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"61837.63"', '"NaN"'),
        ('"61837.63"', "Infinity"),
        ('"61837.63"', '"-1"'),
        ('"61837.63"', '"0"'),
        ('"0.02"', '"-0.02"'),
        ('"0.02"', '"0"'),
        (":41", ":-41"),
        (":41", ":9223372036854775808"),
        ("1723161255342", "0"),
        ("1723161255342", "-5"),
        ("1723161255342", "99999999999999999999"),
    ],
)
def test_impossible_values_are_refused_by_symbol(old: str, new: str) -> None:
    """A number that cannot be is told with the symbol it was about."""
    for frame in (combined("trade", TRADE.replace(old, new)), TRADE.replace(old, new)):
        (refused,) = spot(frame)
        assert isinstance(refused, Refused)
        assert (refused.kind, refused.symbol) == ("value", "BTCUSDT")


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ("", "malformed"),
        ("[]", "malformed"),
        ("7", "malformed"),
        ("{", "malformed"),
        ('{"e":"trade","s":"BTCUSDT"}', "malformed"),
        ('{"stream":"btcusdt@trade","data":7}', "malformed"),
        ('{"e":"aggTrade","s":"BTCUSDT"}', "unknown"),
        ('{"e":["trade"]}', "unknown"),
        ('{"error":{"code":2,"msg":"Invalid request"},"id":1}', "error"),
        ('{"code":3,"msg":"Invalid JSON"}', "error"),
    ],
)
def test_what_cannot_be_used_is_named(frame: str, kind: str) -> None:
    """A refusal says of which kind it is."""
    (refused,) = spot(frame)
    assert isinstance(refused, Refused)
    assert refused.kind == kind


def test_the_venue_speaks_of_the_connection() -> None:
    """Acknowledgements are signs of life; a shutdown is announced."""
    assert spot('{"result":null,"id":1}') == [Heartbeat(9)]
    assert spot('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1723161255308}}') == [
        Ending("the venue announced a shutdown")
    ]


def test_words_of_the_venue_are_short_and_printable() -> None:
    """A complaint goes to logs: no line breaks, no megabytes."""
    (refused,) = spot('{"error":{"msg":"' + "a\\n" * 5000 + '"}}')
    assert isinstance(refused, Refused)
    assert refused.reason.isprintable()
    assert len(refused.reason) <= 200


def test_ids_left_out_by_futures_are_void_and_few() -> None:
    """A page whose ids are an age apart is refused before it fills the memory."""
    row = '{{"id":{},"price":"1","qty":"1","time":1499865549590,"isBuyerMaker":true}}'
    page = f"[{row.format(5)},{row.format(8)},{row.format(8)}]".encode()
    assert [trade.seq for trade in decode_trades(USDM, "X", page, 9)] == [5, 6, 7, 8]
    assert [trade.seq for trade in decode_trades(SPOT, "X", page, 9)] == [5, 8]
    with pytest.raises(ValueError):
        decode_trades(USDM, "X", f"[{row.format(5)},{row.format(6 + MOST_IDS)}]".encode(), 9)


def test_a_book_of_impossible_levels_is_refused() -> None:
    """A reply with a level that is no number is no book."""
    reply = b'{"lastUpdateId":7,"bids":[["1.0","2.0"]],"asks":[["%b","2.0"]]}'
    assert decode_book(SPOT, "X", reply % b"3.0", 9).asks == [(3.0, 2.0)]
    for price in (b"NaN", b"-3.0", b"x"):
        with pytest.raises(ValueError):
            decode_book(SPOT, "X", reply % price, 9)
