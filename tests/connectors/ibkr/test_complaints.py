"""What TWS says by number."""

from __future__ import annotations

from tapeql.connectors.events import Event, Heartbeat, Refused, Reset
from tapeql.connectors.ibkr.complaints import Outages, says_no_data, says_too_fast, words


def told(outages: Outages, code: int, text: str = "said") -> list[Event]:
    return outages.told(code, text, 1, {"trades": ("AAPL",), "quotes": (), "book": ("AAPL",)})


def test_words() -> None:
    """A known number is explained; TWS's own words and the number stand behind it."""
    assert words(10190, "Max number") == (
        "the account has no tick-by-tick line left (3 of them go with 100 market data lines): Max number (10190)"
    )
    assert words(9999, "two\n lines ") == "two lines (9999)"


def test_a_cut_with_subscriptions_lost() -> None:
    """1101 resets everything the connection carries."""
    outages = Outages()
    lost, _ = told(outages, 1100)
    assert isinstance(lost, Refused)
    assert outages.cut
    (reset,) = told(outages, 1101)
    assert isinstance(reset, Reset)
    assert (reset.kind, reset.symbols) == (None, ())
    assert not outages.cut


def test_a_cut_with_subscriptions_kept() -> None:
    """1102 keeps the connection: of its symbols, what passed meanwhile is told as lost, from the cut on."""
    outages = Outages()
    _, begin = told(outages, 1100)
    assert isinstance(begin, Reset)
    assert (begin.kind, begin.symbols) == ("trades", ("AAPL",))
    (reset,) = told(outages, 1102)
    assert isinstance(reset, Reset)
    assert (reset.kind, reset.symbols) == ("trades", ("AAPL",))


def test_a_farm() -> None:
    """A farm that comes back was away; one that is merely well is a sign of life."""
    outages = Outages()
    assert told(outages, 2104, "Market data farm connection is OK:usfarm") == [Heartbeat(1)]
    refused, begin = told(outages, 2103, "Market data farm connection is broken:usfarm")
    assert isinstance(refused, Refused)
    assert isinstance(begin, Reset)
    assert told(outages, 2104, "Market data farm connection is OK:eufarm") == [Heartbeat(1)]
    (reset,) = told(outages, 2104, "Market data farm connection is OK:usfarm")
    assert isinstance(reset, Reset)
    assert told(outages, 2104, "Market data farm connection is OK:usfarm") == [Heartbeat(1)]


def test_a_farm_of_history_carries_no_stream() -> None:
    """It comes and goes, and nothing of the stream is lost."""
    outages = Outages()
    for broken, ok in ((2105, 2106), (2157, 2158)):
        (refused,) = told(outages, broken, "HMDS data farm connection is broken:ushmds")
        assert isinstance(refused, Refused)
        assert told(outages, ok, "HMDS data farm connection is OK:ushmds") == [Heartbeat(1)]


def test_errors_that_are_answers() -> None:
    """An empty history and a complaint about pace come under the same number as refusals."""
    assert says_no_data(162, "Historical Market Data Service error message:HMDS query returned no data: AAPL")
    assert not says_no_data(162, "Historical Market Data Service error message:No market data permissions")
    assert says_too_fast(162, "Historical data request pacing violation")
    assert not says_too_fast(200, "pacing")
