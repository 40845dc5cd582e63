"""The one interface of all venues: what is fixed about each, and what its connector does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, Protocol
from urllib.parse import urlsplit

from tapeql.errors import DataError, TapeQLError

if TYPE_CHECKING:
    from tapeql.connectors.book import BookSync
    from tapeql.connectors.events import BookSnapshot, Candle, Event, Instrument, Kind, Trade, Void

Clock = Callable[[], int]
"""Nanoseconds of a clock that never steps, near UTC: what `recv_ns` is read from."""


@dataclass(frozen=True, slots=True)
class Venue:
    """What is fixed about a venue, known without connecting.

    ws_url, rest_url   where it lives unless settings say otherwise
    connector          makes a connector: one connection and the venue's history
    kinds              what it can stream
    trade_ids          contiguous: every symbol's ids are n, n + 1, …, a missing one is a lost trade
                       keyed: unique only; what was lost is found by asking for the time again
    unshown            kinds of which a lost event is shown by nothing later: no ids, no numbers, no checksum of it all
    credentials        names that must be there, e.g. ("api_key",); `optional` ones are used if they are
    calendar           the market whose sessions it keeps (None: it never closes)
    heartbeat_s        it says something at least this often on an open connection (None: it may be silent)
    silence_s          a subscribed symbol that is silent so long is looked up over REST: has it traded meanwhile?
    late_s             how much later than its own time it may tell a trade
    quotes_follow      what makes it send a quote: any change of the best prices ("book"), or "trades" alone
    max_age_s          it closes connections of this age; a new one is opened before
    one_connection     it allows only one at a time: the old one ends before a new one begins
    symbols_per_connection, connects_per_minute   its limits
    """

    name: str
    title: str
    ws_url: str
    rest_url: str
    connector: Callable[[Settings, Clock], Connector]
    kinds: tuple[Kind, ...] = ("trades", "quotes", "book")
    trade_ids: Literal["contiguous", "keyed"] = "contiguous"
    unshown: tuple[Kind, ...] = ("quotes",)
    credentials: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    calendar: str | None = None
    heartbeat_s: float | None = None
    silence_s: float = 30.0
    late_s: float = 0.0
    quotes_follow: Literal["book", "trades"] = "book"
    max_age_s: float | None = None
    one_connection: bool = False
    symbols_per_connection: int = 200
    connects_per_minute: float = 30.0


@dataclass(frozen=True, slots=True)
class Info:
    """A venue's own word about itself. `time_us` is its present; `limits` are figures by name, as it reports them."""

    venue: str
    title: str
    time_us: int | None
    status: str
    limits: dict[str, float] = field(default_factory=dict)


class Connector(Protocol):
    """One connection to a venue, and its history over REST. Coroutines; one task reads with `receive`.

    Subscriptions may be made before `connect`, and are then part of it. Codes are the venue's (`BTCUSDT`).
    Raises VenueError where the venue refuses, ConnectionFailed where it cannot be reached.
    """

    venue: Venue

    async def connect(self) -> None:
        """Raises Lost where the venue refuses or is not there."""
        ...

    async def disconnect(self) -> None:
        """Closes the connection and whatever REST holds open; may be called twice."""
        ...

    async def subscribe_ticks(self, symbols: Sequence[str]) -> None: ...

    async def subscribe_quotes(self, symbols: Sequence[str]) -> None: ...

    async def subscribe_order_book(self, symbols: Sequence[str]) -> None: ...

    async def unsubscribe(
        self, symbols: Sequence[str], kinds: Sequence[Kind] = ("trades", "quotes", "book")
    ) -> None: ...

    async def receive(self) -> list[Event]:
        """The events of the next frame. Raises Lost when the connection is gone; cancelling it loses nothing."""
        ...

    def book_sync(self, symbol: str) -> BookSync:
        """A new state machine for one book on this connection."""
        ...

    async def resync_book(self, symbol: str) -> BookSnapshot | None:
        """Asks for the book again: the snapshot, or None where it will come through `receive`. Touches no other symbol."""
        ...

    def fetch_ticks(
        self, symbol: str, *, from_id: int | None = None, since_us: int | None = None, until_us: int | None = None
    ) -> AsyncIterator[list[Trade | Void]]:
        """Pages of trades, oldest first, from an id or an instant on to the venue's present (or until_us, excluded).
        With neither, one page: the newest trades. Pages are never empty.

        Give since_us beside from_id where the time of the trade before from_id is known: from_id decides where the
        pages begin, since_us spares venues that page by time the search for it."""
        ...

    def fetch_candles(
        self, symbol: str, interval: str, *, since_us: int, until_us: int | None = None
    ) -> AsyncIterator[list[Candle]]:
        """Pages of finished candles, oldest first. Raises VenueError for an interval the venue does not have."""
        ...

    async def fetch_order_book(self, symbol: str, depth: int | None = None) -> BookSnapshot: ...

    async def symbols(self, kind: str | None = None) -> list[Instrument]: ...

    async def info(self) -> Info: ...


class Lost(TapeQLError):
    """A connection ended. `retry_after_s` is the venue's wish, `code` the websocket's close code."""

    def __init__(self, reason: str, *, retry_after_s: float | None = None, code: int | None = None) -> None:
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.code = code
        super().__init__(reason)


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────────────────

DEFAULT_FILE: Final = "~/.config/tapeql/venues.toml"
MOST: Final = float(1 << 31)
HTTP: Final = ("http", "https")
SCHEMES: Final = (HTTP, ("ws", "wss"), ("tcp",))
"""What may stand for what a venue's own address begins with."""


class Secret:
    """Text that only `reveal` shows: it is no str, so that nothing joins, slices or serializes it by accident."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"


@dataclass(frozen=True, slots=True)
class Settings:
    """One venue's settings. `options` are the venue's own words (a feed, an account's host)."""

    venue: Venue
    ws_url: str
    rest_url: str
    credentials: Mapping[str, Secret] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def credential(self, name: str) -> str:
        """The secret. Raises DataError naming how to give it."""
        found = self.credentials.get(name)
        if not found:
            variable = variable_of(self.venue.name, name)
            raise DataError(
                f"{self.venue.title} needs {variable}: set it, or {variable}_FILE, "
                f"or write {name} under [{self.venue.name}] in {DEFAULT_FILE}"
            )
        return found.reveal()

    def number(self, name: str, default: float) -> float:
        """An option that is a number above 0. Raises DataError."""
        text = self.options.get(name)
        try:
            found = float(default if text is None else text)
        except ValueError:
            found = 0.0
        if not 0.0 < found < MOST:
            raise DataError(f"{variable_of(self.venue.name, name)} must be a number above 0, not {text!r}")
        return found

    def whole(self, name: str, default: int) -> int:
        """An option that is a whole number above 0. Raises DataError."""
        found = self.number(name, default)
        if not found.is_integer():
            raise DataError(f"{variable_of(self.venue.name, name)} must be a whole number above 0, not {found:g}")
        return int(found)

    def address(self, name: str, usual: str) -> str:
        """An option that is a base address, without a slash at its end. Raises DataError."""
        return base_address(variable_of(self.venue.name, name), self.options.get(name), usual)


def variable_of(venue: str, name: str) -> str:
    return f"TAPEQL_{venue}_{name}".upper().replace("-", "_")


def base_address(variable: str, text: str | None, usual: str) -> str:
    """A base address, to which paths are appended. Raises DataError, which does not repeat it: it may hold a key."""
    if not text:
        return usual.rstrip("/")
    try:
        parts = urlsplit(text)
        sound = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    kinds = next((kinds for kinds in SCHEMES if urlsplit(usual).scheme in kinds), HTTP)
    if not sound or any(c.isspace() for c in text) or parts.scheme not in kinds:
        raise DataError(f"{variable} must be like {usual or 'http://host:port'}")
    if parts.query or parts.fragment or "@" in parts.netloc:
        raise DataError(f"{variable} must be an address alone, without user, query or fragment")
    return text.rstrip("/")
