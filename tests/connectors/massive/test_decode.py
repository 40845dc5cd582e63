"""What Massive's messages become."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tapeql.connectors.events import Event, Heartbeat, Quote, Refused, Subscribed, Trade
from tapeql.connectors.massive.conditions import CTA, UTP, letters
from tapeql.connectors.massive.decode import decode, decode_trades
from tapeql.tapes import counts, eligibility

TRADE = {"ev": "T", "sym": "AAPL", "x": 11, "i": "7", "p": 170.5, "s": 100, "c": [12, 37], "t": 1714572000123, "q": 5}
QUOTE = {"ev": "Q", "sym": "AAPL", "bp": 170.4, "bs": 200, "ap": 170.6, "as": 300, "t": 1714572000123, "q": 5, "z": 3}


def decoded(*messages: Any) -> list[Event]:
    return decode(json.dumps(messages).encode(), 7)


def trade(**changes: Any) -> Trade:
    (event,) = decoded(TRADE | changes)
    assert isinstance(event, Trade)
    return event


def quote(**changes: Any) -> Quote:
    (event,) = decoded(QUOTE | changes)
    assert isinstance(event, Quote)
    return event


def test_an_id_is_unique_for_ever() -> None:
    """Ids are counted by symbol, exchange and reporting facility, and anew each day in New York."""
    assert trade().trade_id == "2024-05-01/11/7"
    assert trade(x=4, trfi=201).trade_id == "2024-05-01/4.201/7"
    assert trade(x=4, trfi=202).trade_id == "2024-05-01/4.202/7"
    assert trade(t=1714609800000).trade_id == "2024-05-01/11/7"
    assert trade(t=1714658400000).trade_id == "2024-05-02/11/7"


def test_stream_and_history_tell_the_same_trade() -> None:
    """Nanoseconds are floored to the stream's milliseconds; id, place and conditions are equal too."""
    row = {
        "id": "7",
        "exchange": 11,
        "price": 170.5,
        "size": 100,
        "decimal_size": "100.0",
        "conditions": [12, 37],
        "sip_timestamp": 1714572000123999999,
        "sequence_number": 5,
        "tape": 3,
    }
    body = json.dumps({"results": [row]}).encode()
    assert decode_trades("AAPL", body, 7) == ([trade(z=3)], None)
    assert trade().ts_us == 1714572000123000


def test_fractions_of_shares_count() -> None:
    """`ds` has what `s` rounds."""
    assert trade(s=0, ds="0.25").quantity == 0.25
    assert trade(s=1, ds=1.5).quantity == 1.5


def test_numbers_of_quotes_rise_over_days() -> None:
    """Massive counts from the beginning each day; the day stands before its number."""
    evening, morning = quote(q=90_000_000), quote(t=1714658400000, q=3)
    assert evening.update_id is not None
    assert morning.update_id is not None
    assert evening.update_id < morning.update_id < 2**53


def test_a_side_that_is_not_there_is_none() -> None:
    """It is left out, or zero."""
    (event,) = decoded({key: value for key, value in QUOTE.items() if key not in ("bp", "bs")})
    assert event == quote(bp=0, bs=0)
    assert isinstance(event, Quote)
    assert (event.bid, event.bid_size) == (None, None)


@pytest.mark.parametrize(
    ("numbers", "tape", "written"),
    [
        ([0], 3, "@"),
        ([0], 1, None),
        ([2], 1, "B"),
        ([2], 3, "W"),
        ([14, 12, 37, 41], 3, "F,T,I,X"),
        ([14, 41], 2, "F,1"),
        ([999, 6], 3, None),
        ([], 3, None),
    ],
)
def test_conditions_are_the_tapes_letters(numbers: list[int], tape: int, written: str | None) -> None:
    """Those of CTA on tapes A and B, of UTP on tape C; what has no letter is left out."""
    assert letters(numbers, tape) == written


def test_conditions_count_as_massive_says() -> None:
    """Official prices no volume; averages, odd lots and contingent trades no high and low; late ones no open and close."""
    rules = eligibility("massive")
    assert rules is not None
    for number in (15, 16, 38):
        assert not counts(rules, letters([number], 3)).volume
    for table, tape in ((CTA, 1), (UTP, 3)):
        for number in (2, 7, 13, 20, 21, 37, 52, 53):
            assert number in table
            assert counts(rules, letters([number], tape))[:2] == (True, False)
        for number in (5, 10, 22, 30, 32):
            assert counts(rules, letters([number], tape)) == (True, True, False)
        for number in (1, 8, 9, 11, 14, 17, 25, 28, 41):
            assert counts(rules, letters([number], tape)) == (True, True, True)


def test_one_bad_message_loses_itself_alone() -> None:
    """The others of its array are read, and what is not kept is named."""
    events = decoded(TRADE, TRADE | {"p": "x"}, TRADE | {"s": -1}, {"ev": "AM", "sym": "AAPL"}, QUOTE)
    assert [type(event) for event in events] == [Trade, Refused, Refused, Refused, Quote]
    refused = [event for event in events if isinstance(event, Refused)]
    assert [each.kind for each in refused] == ["malformed", "value", "unknown"]
    assert refused[-1].reason == "minute bar"


@pytest.mark.parametrize(
    "changes",
    [{"p": 0}, {"s": 0}, {"q": -1}, {"q": 2**36}, {"i": ""}, {"i": "1/2"}, {"x": -1}, {"sym": ""}, {"sym": "A\n"}],
)
def test_what_cannot_be_a_trade_is_refused(changes: dict[str, Any]) -> None:
    """A number, a name or an exchange that cannot be."""
    (event,) = decoded(TRADE | changes)
    assert isinstance(event, Refused)
    assert event.kind == "value"


def test_confirmations_name_what_is_subscribed() -> None:
    """Several in a message, symbols with points too; leaving is only a sign of life."""
    said = {"ev": "status", "status": "success"}
    assert decoded(said | {"message": "subscribed to: T.AAPL,Q.BRK.B,T.MSFT,AM.SPY"}) == [
        Subscribed("trades", ("AAPL", "MSFT")),
        Subscribed("quotes", ("BRK.B",)),
    ]
    assert decoded(said | {"message": "unsubscribed to: T.AAPL"}) == [Heartbeat(7)]
