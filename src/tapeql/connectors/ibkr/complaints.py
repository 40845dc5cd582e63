"""What TWS says by number: refusals in words, and the state of its own connections as events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tapeql.connectors.events import Event, Heartbeat, Kind, Refused, Reset

CLIENT_ID_TAKEN: Final = 326
BOOK_EMPTIED: Final = 317
LOST: Final = 1100
RESTORED_WITHOUT: Final = 1101
RESTORED_WITH: Final = 1102

WORDS: Final = {
    100: "more messages a second than TWS takes",
    101: "the account has no market data line left",
    162: "the history was not given",
    200: "there is no such instrument",
    309: "the account has no market depth line left (3 of them go with 100 market data lines)",
    316: "the market depth was stopped",
    321: "TWS does not take the request",
    354: "the account has no subscription to this market data",
    420: "the account may not have this data in real time",
    10089: "the account has no subscription to this market data",
    10090: "the account has no subscription to part of this market data",
    10092: "there is no market depth of this instrument",
    10168: "the account has no subscription to this market data, and delayed data is off",
    10186: "the account has no subscription to this market data, and delayed data is off",
    10187: "the history was not given",
    10189: "the ticks were not given",
    10190: "the account has no tick-by-tick line left (3 of them go with 100 market data lines)",
}

_WARNINGS: Final = frozenset({165, 2129, 2137, 2152, 2174, 10167})
"""Said about a request that goes on all the same."""

_FARM_BROKEN: Final = 2103
_FARM_OK: Final = 2104
_CALM: Final = frozenset({2106, 2107, 2108, 2119, 2158})
"""Of farms of history and of definitions, which carry no stream, and of farms at rest."""


def words(code: int, text: str) -> str:
    """A refusal for people: what it means, what TWS said, its number."""
    said = " ".join(text.split())[:300]
    return f"{WORDS[code]}: {said} ({code})" if code in WORDS else f"{said} ({code})"


def ends_request(code: int) -> bool:
    return code not in _WARNINGS


def says_no_data(code: int, text: str) -> bool:
    """An empty history is told as an error."""
    return code == 162 and "no data" in text.lower()


def says_too_fast(code: int, text: str) -> bool:
    return code in (162, 420, 10187) and "pacing" in text.lower()


class Outages:
    """Follows what TWS says of its connections to IBKR: those of market data farms and that of the whole.

    1101: subscriptions are gone, all must be asked for again, on a new connection. 1102: TWS kept them, and its books;
    nobody says that no trade and no quote passed meanwhile, so these are lost, from the cut on. The same with a farm.
    """

    def __init__(self) -> None:
        self.cut = False
        self._broken: set[str] = set()

    def told(self, code: int, text: str, recv_ns: int, carried: Mapping[Kind, tuple[str, ...]]) -> list[Event]:
        """The events of a message that is about no request; `carried` are the symbols of the connection."""
        farm = text.rpartition(":")[2].strip()
        if code == LOST:
            self.cut = True
            lost = "TWS lost its connection to IBKR"
            return [Refused("error", f"{lost}: {words(code, text)}"), *_unheard(lost, carried)]
        if code == RESTORED_WITHOUT:
            self.cut = False
            return [Reset("TWS is connected to IBKR again and lost its subscriptions (1101)")]
        if code == RESTORED_WITH:
            self.cut = False
            return _unheard("TWS was cut off from IBKR and kept its subscriptions (1102)", carried)
        if code == _FARM_BROKEN:
            self._broken.add(farm)
            return [Refused("error", words(code, text)), *_unheard(f"TWS is cut off from {farm} ({code})", carried)]
        if code == _FARM_OK and farm in self._broken:
            self._broken.discard(farm)
            return _unheard(f"TWS was cut off from {farm} ({code})", carried)
        if code == _FARM_OK or code in _CALM:
            return [Heartbeat(recv_ns)]
        return [Refused("error", words(code, text))]


def _unheard(reason: str, carried: Mapping[Kind, tuple[str, ...]]) -> list[Event]:
    return [Reset(reason, kind, carried[kind]) for kind in ("trades", "quotes") if carried.get(kind)]
