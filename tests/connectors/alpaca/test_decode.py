"""What Alpaca's messages become."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tapeql.connectors.alpaca.decode import decode, decode_trades
from tapeql.connectors.events import Correction, Event, Heartbeat, Quote, Refused, Trade

TRADE = {"T": "t", "S": "AAPL", "i": 7, "x": "V", "p": 170.5, "s": 100, "t": "2024-05-01T14:00:00Z", "c": ["@"]}
QUOTE = {"T": "q", "S": "AAPL", "bp": 170.4, "bs": 200, "ap": 170.6, "as": 300, "t": "2024-05-01T14:00:00Z"}


def decoded(*messages: Any) -> list[Event]:
    return decode(json.dumps(messages).encode(), 7)


def trade(**changes: Any) -> Trade:
    (event,) = decoded(TRADE | changes)
    assert isinstance(event, Trade)
    return event


def test_an_id_is_unique_for_ever() -> None:
    """Alpaca begins anew each day on each exchange; the day is New York's, also late in its evening."""
    assert trade().trade_id == "2024-05-01/V/7"
    assert trade(x="D").trade_id == "2024-05-01/D/7"
    assert trade(t="2024-05-02T00:30:00Z").trade_id == "2024-05-01/V/7"
    assert trade(t="2024-05-02T14:00:00Z").trade_id == "2024-05-02/V/7"


def test_trades_of_one_instant_have_an_order() -> None:
    """Those of one exchange by id, and no two have the same place."""
    places = [trade(x=x, i=i).seq for i in (1, 2, 52983525033527, 2**56 - 1) for x in "ADPVZ"]
    assert places == sorted(set(places))
    assert places[-1] < 2**63


def test_times_are_floored() -> None:
    """Nanoseconds are cut, never rounded."""
    assert trade(t="2024-05-01T14:00:00.123456999Z").ts_us == 1714572000123456
    assert trade(t="2024-05-01T10:00:00.1-04:00").ts_us == 1714572000100000


def test_stream_and_history_tell_the_same_trade() -> None:
    """Id, place, time and conditions do not depend on the way a trade comes."""
    row = {key: value for key, value in TRADE.items() if key not in ("T", "S")}
    body = json.dumps({"trades": {"AAPL": [row]}, "next_page_token": None}).encode()
    assert decode_trades("AAPL", body, 7) == ([trade()], None)


def test_a_corrected_trade_takes_the_place_of_the_wrong_one() -> None:
    """The wrong one is taken back and the right one is a trade of its own id, so that nothing counts twice."""
    message = {"T": "c", "S": "AAPL", "x": "V", "oi": 7, "op": 17.05, "os": 100, "ci": 9, "cp": 170.5, "cs": 90}
    cancel, right = decoded(message | {"cc": ["@", "I"], "t": "2024-05-01T14:00:05Z"})
    assert isinstance(cancel, Correction)
    assert (cancel.trade_id, cancel.kind) == (trade().trade_id, "cancel")
    assert isinstance(right, Trade)
    assert (right.trade_id, right.price, right.quantity, right.conditions) == ("2024-05-01/V/9", 170.5, 90.0, "@,I")


def test_a_side_that_is_not_there_is_none() -> None:
    """IEX sends zeros for it."""
    (event,) = decoded(QUOTE | {"bp": 0, "bs": 0})
    assert isinstance(event, Quote)
    assert (event.bid, event.bid_size, event.ask, event.ask_size) == (None, None, 170.6, 300.0)
    assert event.update_id is None


def test_one_bad_message_loses_itself_alone() -> None:
    """The others of its array are read."""
    events = decoded(TRADE, TRADE | {"p": "x"}, TRADE | {"s": -1}, {"T": "moon"}, QUOTE)
    assert [type(event) for event in events] == [Trade, Refused, Refused, Refused, Quote]
    assert [event.kind for event in events if isinstance(event, Refused)] == ["malformed", "value", "unknown"]


def test_arrays_may_come_together() -> None:
    """One after the other, or in one array more."""
    one = json.dumps([TRADE]).encode()
    assert decode(one + b"\n" + one, 7) == decode(b"[" + one + b"," + one + b"]", 7) == [trade(), trade()]


@pytest.mark.parametrize(
    "changes",
    [{"p": 0}, {"s": 0}, {"i": -1}, {"i": 2**56}, {"x": ""}, {"x": "VV"}, {"x": "é"}, {"S": ""}, {"S": "A\n"}],
)
def test_what_cannot_be_a_trade_is_refused(changes: dict[str, Any]) -> None:
    """A number, a name or an exchange that cannot be."""
    (event,) = decoded(TRADE | changes)
    assert isinstance(event, Refused)
    assert event.kind == "value"


def test_errors_are_told_in_words() -> None:
    """The code, what Alpaca says, and what can be done."""
    (event,) = decoded({"T": "error", "code": 405, "msg": "symbol limit exceeded"})
    assert event == Refused(
        "error",
        "symbol limit exceeded (405): more symbols than the account's plan allows; what was subscribed before stays",
    )


def test_an_empty_subscription_is_a_sign_of_life() -> None:
    """After the last unsubscribing nothing is left to name."""
    assert decoded({"T": "subscription", "trades": [], "quotes": []}) == [Heartbeat(7)]
