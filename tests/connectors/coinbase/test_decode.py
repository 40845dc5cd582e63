"""Frames of both protocols as events: what each field means, and what becomes of parts that are wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tapeql.connectors.coinbase.advanced import decode as advanced
from tapeql.connectors.coinbase.advanced.subscriptions import as_asked, message
from tapeql.connectors.coinbase.exchange import decode as exchange
from tapeql.connectors.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Heartbeat,
    Quote,
    Refused,
    Reset,
    Subscribed,
    Trade,
)
from tests.connectors.coinbase import recordings

NS = 7


def envelope(channel: str, *events: Any, number: int | None = 3, **more: Any) -> bytes:
    head = {"channel": channel, "client_id": "", "timestamp": "2026-04-07T14:30:05.000001Z", "sequence_num": number}
    return json.dumps(head | {"events": events} | more).encode()


def trade(trade_id: object, side: str = "BUY", **more: Any) -> dict[str, Any]:
    row = {"trade_id": trade_id, "product_id": "BTC-USD", "price": "68900.50", "size": "0.5", "side": side}
    return row | {"time": "2026-04-07T14:30:02.789012Z"} | more


# ── Exchange ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_sides_of_recorded_trades_are_the_takers(shared_data: Path) -> None:
    """A match names the maker's side, the ticker of the same trade the taker's: ours is the ticker's."""
    takers: dict[tuple[str, int], str] = {}
    trades: list[Trade] = []
    for recv_ns, frame in recordings.exchange_frames(shared_data):
        said = json.loads(frame)
        if said["type"] == "ticker":
            takers[said["product_id"], said["trade_id"]] = said["side"]
        trades += [event for event in exchange.decode(frame, recv_ns) if isinstance(event, Trade)]
    assert len(trades) == 97
    told = [trade for trade in trades if (trade.symbol, trade.seq) in takers]
    assert len(told) == 97
    assert all(trade.side == takers[trade.symbol, trade.seq] for trade in told)


def test_recorded_quotes_rise_in_their_numbers(shared_data: Path) -> None:
    """A ticker's sequence is the update id of its quote: it rises within a product."""
    last: dict[str, int] = {}
    for recv_ns, frame in recordings.exchange_frames(shared_data):
        for event in exchange.decode(frame, recv_ns):
            if isinstance(event, Quote):
                assert event.update_id is not None
                assert event.update_id > last.get(event.symbol, -1)
                last[event.symbol] = event.update_id
                assert event.bid_size is None  # There was none in 2021.
                assert event.ts_us is not None
    assert len(last) == 10


def test_a_last_match_is_no_trade() -> None:
    """It repeats an old one: it only tells the newest id, as heartbeats do."""
    frame = b'{"type":"last_match","trade_id":881613,"side":"sell","size":"0.04","price":"14.7775",'
    frame += b'"product_id":"BAND-GBP","sequence":333938798,"time":"2021-04-17T16:43:30.244075Z"}'
    assert exchange.decode(frame, NS) == [Heartbeat(NS, None, "BAND-GBP", 881613)]


def test_heartbeats_tell_the_newest_trade() -> None:
    """A quiet symbol's lost trade shows within a second."""
    frame = b'{"type":"heartbeat","sequence":90,"last_trade_id":20,"product_id":"BTC-USD",'
    frame += b'"time":"2014-11-07T08:19:28.464459Z"}'
    assert exchange.decode(frame, NS) == [Heartbeat(NS, 1415348368464459, "BTC-USD", 20)]


def test_a_side_that_is_not_there_is_none() -> None:
    """An empty or zero price is no price, a size may be missing."""
    frame = b'{"type":"ticker","product_id":"A-B","sequence":5,"best_bid":"","best_ask":"3","best_ask_size":"4",'
    frame += b'"best_bid_size":"","time":"2022-10-19T23:28:22.061769Z"}'
    assert exchange.decode(frame, NS) == [
        Quote("coinbaseexchange", "A-B", 5, 1666222102061769, NS, None, None, 3.0, 4.0)
    ]
    assert exchange.decode(frame.replace(b'""', b'"0"').replace(b'"4"', b"4"), NS) == [
        Quote("coinbaseexchange", "A-B", 5, 1666222102061769, NS, None, None, 3.0, 4.0)
    ]


def test_a_ticker_before_any_trade_has_no_number() -> None:
    """Without sequence and time the quote has neither."""
    assert exchange.decode(b'{"type":"ticker","product_id":"A-B","best_bid":"1","best_ask":"2"}', NS) == [
        Quote("coinbaseexchange", "A-B", None, None, NS, 1.0, None, 2.0, None)
    ]


def test_snapshots_begin_with_the_best() -> None:
    """Bids fall, asks rise, levels of nothing are left out."""
    frame = (
        b'{"type":"snapshot","product_id":"A-B","bids":[["1","1"],["2","5"],["1.5","0"]],"asks":[["4","1"],["3","2"]]}'
    )
    assert exchange.decode(frame, NS) == [
        BookSnapshot("coinbaseexchange", "A-B", None, None, NS, [(2.0, 5.0), (1.0, 1.0)], [(3.0, 2.0), (4.0, 1.0)])
    ]


@pytest.mark.parametrize("change", ['["buy","1","-1"]', '["buy","NaN","1"]', '["none","1","1"]', '["buy","1"]', "7"])
def test_a_refused_update_resets_its_book_alone(change: str) -> None:
    """Nothing later would show that it is missing."""
    frame = '{"type":"l2update","product_id":"A-B","changes":[["sell","2","1"],%s],"time":"2022-10-19T23:28:22Z"}'
    refused, reset = exchange.decode((frame % change).encode(), NS)
    assert isinstance(refused, Refused)
    assert refused.kind in ("value", "malformed")
    assert reset == Reset("an update that was refused", "book", ("A-B",))


def test_frames_of_several_messages_are_taken_apart() -> None:
    """Arrays and documents in a row are so many messages; a broken end spoils only itself."""
    beat = b'{"type":"heartbeat","last_trade_id":20,"product_id":"BTC-USD","time":"2014-11-07T08:19:28Z"}'
    one = exchange.decode(beat, NS)
    assert exchange.decode(b"[" + beat + b"," + beat + b"]", NS) == one * 2
    assert exchange.decode(beat + b"\n" + beat, NS) == one * 2
    *good, refused = exchange.decode(beat + b"\n" + beat[:40], NS)
    assert good == one
    assert isinstance(refused, Refused)
    assert refused.kind == "malformed"


def test_complaints_are_told_in_the_venues_words() -> None:
    """An error is message and reason."""
    assert exchange.decode(b'{"type":"error","message":"Failed to subscribe","reason":"X is wrong"}', NS) == [
        Refused("error", "Failed to subscribe: X is wrong")
    ]
    assert advanced.decode(b'{"type":"error","message":"authentication failure"}', NS) == [
        Refused("error", "authentication failure")
    ]


# ── Advanced Trade ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_trades_of_a_message_come_oldest_first() -> None:
    """Snapshots stand the newest first; their trades are told as any others, in the order of their ids."""
    frame = envelope(
        "market_trades", {"type": "snapshot", "trades": [trade("12"), trade(11, "SELL"), trade("10", "?")]}
    )
    trades = advanced.decode(frame, NS)
    assert [(t.trade_id, t.seq, t.side) for t in trades if isinstance(t, Trade)] == [
        ("10", 10, None),
        ("11", 11, "buy"),
        ("12", 12, "sell"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"price": "nan"}, {"price": "-1"}, {"size": "0"}, {"trade_id": -1}, {"trade_id": "x"}, {"time": "soon"}, {}],
)
def test_one_wrong_trade_spoils_no_other(wrong: dict[str, Any]) -> None:
    """Of a message with one bad trade the good ones are kept."""
    bad = trade(2) | wrong if wrong else {"product_id": "BTC-USD"}
    events = advanced.decode(envelope("market_trades", {"type": "update", "trades": [trade(1), bad, trade(3)]}), NS)
    assert [event.seq for event in events if isinstance(event, Trade)] == [1, 3]
    (refused,) = (event for event in events if isinstance(event, Refused))
    assert refused.symbol == "BTC-USD"


def test_books_come_as_l2_data() -> None:
    """A snapshot's time is the message's, since its levels say 1970; an update's is the match engine's."""

    def level(side: str, price: str, quantity: str, time: str) -> dict[str, str]:
        return {"side": side, "event_time": time, "price_level": price, "new_quantity": quantity}

    never, then = "1970-01-01T00:00:00Z", "2026-04-07T14:30:04.123456789Z"
    levels = [level("bid", "1", "1", never), level("bid", "2", "1", never), level("offer", "3", "1", never)]
    snapshot = {"type": "snapshot", "product_id": "A-B", "updates": levels}
    update = {"type": "update", "product_id": "A-B", "updates": [level("offer", "3", "0", then)]}
    assert advanced.decode(envelope("l2_data", snapshot, update), NS) == [
        BookSnapshot("coinbase", "A-B", None, 1775572205000001, NS, [(2.0, 1.0), (1.0, 1.0)], [(3.0, 1.0)]),
        BookDelta("coinbase", "A-B", None, None, None, 1775572204123456, NS, [], [(3.0, 0.0)]),
    ]
    update["updates"] = [level("middle", "3", "0", then)]
    refused, reset = advanced.decode(envelope("l2_data", update), NS)
    assert isinstance(refused, Refused)
    assert reset == Reset("an update that was refused", "book", ("A-B",))


def test_messages_carry_their_numbers() -> None:
    """Every channel counts, those we do not keep too."""
    ticker = {"type": "update", "tickers": [{"product_id": "A-B", "best_bid": "1", "best_ask": ""}]}
    frame = (
        envelope("ticker", ticker, number=8) + envelope("candles", {}, number=9) + envelope("heartbeats", {}, number=10)
    )
    assert [number for number, _ in advanced.messages(frame, NS)] == [8, 9, 10]
    assert advanced.messages(envelope("ticker", ticker, number=11), NS) == [
        (11, [Quote("coinbase", "A-B", None, 1775572205000001, NS, 1.0, None, None, None)])
    ]


# ── names ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_usdc_products_answer_by_the_names_they_were_asked_for() -> None:
    """BTC-USDC comes back as BTC-USD: as the one, or as both where both are wanted."""
    wanted = {"trades": ["BTC-USDC"], "quotes": ["BTC-USD", "BTC-USDC"], "book": ["BTC-USD", "USDT-USDC"]}
    usd = Trade("coinbase", "BTC-USD", "1", 1, 1, NS, 1.0, 1.0, "buy")
    quote = Quote("coinbase", "BTC-USD", None, 1, NS, 1.0, 1.0, 2.0, 1.0)
    delta = BookDelta("coinbase", "BTC-USD", None, None, None, 1, NS, [], [])
    other = BookDelta("coinbase", "USDT-USDC", None, None, None, 1, NS, [], [])
    events: list[Event] = [usd, quote, delta, other, Subscribed("trades", ("BTC-USD",)), Heartbeat(NS)]
    events += [Reset("x", "quotes", ("BTC-USD",)), Refused("value", "x", "BTC-USD")]
    named = as_asked(events, wanted)  # type: ignore[arg-type]
    assert [getattr(event, "symbol", None) for event in named[:5]] == [
        "BTC-USDC", "BTC-USD", "BTC-USDC", "BTC-USD", "USDT-USDC",
    ]  # fmt: skip
    assert named[5:] == [
        Subscribed("trades", ("BTC-USDC",)),
        Heartbeat(NS),
        Reset("x", "quotes", ("BTC-USD", "BTC-USDC")),
        Refused("value", "x", "BTC-USDC"),
        Refused("value", "x", "BTC-USD"),
    ]


@pytest.mark.parametrize("symbol", ["USDT-USD", "EURC-USD"])
def test_what_trades_against_usdc_itself_answers_to_no_other_name(symbol: str) -> None:
    """USDT-USDC and EURC-USDC are no twins, even where a twin of another product is wanted."""
    wanted = {"trades": [symbol, f"{symbol}C", "BTC-USDC"], "quotes": [], "book": []}
    trades: list[Event] = [Trade("coinbase", s, "1", 1, 1, NS, 1.0, 1.0, "buy") for s in (symbol, f"{symbol}C")]
    assert as_asked(trades, wanted) == trades  # type: ignore[arg-type]


def test_every_message_has_a_token_of_its_own() -> None:
    """Tokens hold two minutes; a message made later needs a new one."""
    tokens = iter(("one", "two"))
    said = [message("subscribe", "ticker", ["A-B"], lambda: next(tokens)) for _ in range(2)]
    assert [json.loads(text)["jwt"] for text in said] == ["one", "two"]
    assert json.loads(message("subscribe", "heartbeats")) == {"type": "subscribe", "channel": "heartbeats"}
