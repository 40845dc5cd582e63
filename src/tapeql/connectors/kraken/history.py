"""Kraken over REST: trades by time, candles, books. It refuses with HTTP 200 and `{"error": ["EAPI:Rate limit …"]}`."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from typing import Final, NamedTuple, TypeAlias

import msgspec

from tapeql.connectors.events import BookSnapshot, Candle, Instrument, Trade, Void
from tapeql.connectors.frames import printable
from tapeql.connectors.instants import rfc3339_us
from tapeql.connectors.kraken.candles import CandleBuilder
from tapeql.connectors.kraken.decode import VENUE, Reply, decode_book, decode_candles, decode_trades
from tapeql.connectors.kraken.symbols import decode_symbols, rest_pair
from tapeql.connectors.rest import Rest, TokenBucket
from tapeql.connectors.venue import Clock, Info, Settings
from tapeql.errors import VenueError

PAGE: Final = 1000
MOST_LEVELS: Final = 500
REQUESTS_PER_S: Final = 1.0
BURST: Final = 2.0

BEFORE_NS: Final = 1000
"""REST writes times as doubles of seconds, a fraction of a µs off: pages begin a little earlier than asked."""

MOST_PROBES: Final = 100
"""Halving the age of the market that often leaves no microsecond."""

INTERVALS: Final[Mapping[str, int]] = {
    "1m": 1,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "4h": 240,
    "1d": 1440,
    "1w": 10080,
    "15d": 21600,
}
"""In minutes."""

PASSING: Final = ("EAPI:Rate limit", "EGeneral:Too many requests", "EService:")
"""Complaints that time mends."""

Trades: TypeAlias = list[Trade | Void]


class Page(NamedTuple):
    """`last_ns` is the venue's time of its last trade."""

    trades: Trades
    last_ns: int


class History:
    """What the connector asks over REST."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._title = settings.venue.title
        self._per_s = settings.number("requests_per_s", REQUESTS_PER_S)
        # The wait must really pass, whatever clock the events are stamped with.
        bucket = TokenBucket(self._per_s, BURST, time.monotonic)
        self.rest = Rest(self._title, settings.rest_url, bucket, complaint, verdict=verdict)

    # ── trades ────────────────────────────────────────────────────────────────────────────────────────────────────────

    async def ticks(
        self, code: str, from_id: int | None, since_us: int | None, until_us: int | None
    ) -> AsyncIterator[Trades]:
        """Pages on to the present. Without since_us an id has to be searched for by time, at a request a second."""
        if from_id is None and since_us is None:
            newest = await self._page(code, None)
            if newest.trades:
                yield newest.trades
            return
        if since_us is not None:
            start_ns = max(0, since_us * 1000 - BEFORE_NS)
            first = await self._page(code, start_ns)
        if from_id is not None and (since_us is None or not first.trades or first.trades[0].seq > from_id):
            # No time was given, or it was later than the id's.
            searched_ns = await self._search(code, from_id)
            if searched_ns is None:
                return
            start_ns = searched_ns
            first = await self._page(code, start_ns)
        async for page in self._pages(code, start_ns, first):
            later = [each for each in page if _is_asked(each, from_id, since_us)]
            within = [each for each in later if until_us is None or isinstance(each, Void) or each.ts_us < until_us]
            if within:
                yield within
            if len(within) < len(later):
                return

    async def _search(self, code: str, trade_id: int) -> int | None:
        """An instant from which a page holds the id: backwards from the newest trades, then between two known ones."""
        newest = [each for each in (await self._page(code, None)).trades if isinstance(each, Trade)]
        if not newest or newest[-1].seq < trade_id:
            return None
        early: tuple[int, int] | None = None
        late = newest[0].ts_us, newest[0].seq
        if late[1] <= trade_id:
            return late[0] * 1000 - BEFORE_NS
        us_per_id = max(1, (newest[-1].ts_us - late[0]) // len(newest))
        reach_us = us_per_id * (late[1] - trade_id + PAGE // 2)
        by_ids = False
        for _ in range(MOST_PROBES):
            if early is None:
                at_us = max(0, late[0] - reach_us)
                reach_us *= 2
            else:
                # Trades come in bursts: every other guess halves the time instead.
                by_ids = not by_ids
                share = (trade_id - early[1]) / (late[1] - early[1]) if by_ids else 0.5
                at_us = early[0] + max(1, min(int((late[0] - early[0]) * share), late[0] - early[0] - 1))
            page = await self._page(code, max(0, at_us * 1000 - BEFORE_NS))
            trades = [each for each in page.trades if isinstance(each, Trade)]
            if not trades:
                raise VenueError(f"{self._title} has no trades of {code} since {at_us} µs, where it had some")
            if trades[0].seq > trade_id and at_us > 0:
                late = at_us, trades[0].seq
            elif trades[-1].seq < trade_id:
                early = trades[-1].ts_us, trades[-1].seq
            else:
                return max(0, at_us * 1000 - BEFORE_NS)
            if early is not None and late[0] - early[0] <= 1:
                return early[0] * 1000 - BEFORE_NS
        raise VenueError(f"{self._title} has trade {trade_id} of {code} at no time that could be found")

    async def _pages(self, code: str, since_ns: int, page: Page) -> AsyncIterator[Trades]:
        """Pages from an instant on, of which the first is given, to the present, each trade once.

        Several trades may share the last ns of a page: the next one begins with it again.
        """
        known: set[int] = set()
        while True:
            new = [each for each in page.trades if each.seq not in known]
            if new:
                yield new
            known = {each.seq for each in page.trades}
            if len(page.trades) < PAGE:
                return
            after_ns = page.last_ns - 1 if new and page.last_ns - 1 > since_ns else page.last_ns
            if after_ns <= since_ns:
                raise VenueError(f"{self._title} does not page on from {since_ns} ns in the trades of {code}")
            since_ns = after_ns
            page = await self._page(code, since_ns)

    async def _page(self, code: str, since_ns: int | None) -> Page:
        params: dict[str, str | int] = {"pair": rest_pair(code), "count": PAGE}
        if since_ns is not None:
            params["since"] = since_ns
        body = await self._get("Trades", params)
        return Page(*self.rest.read(code, decode_trades, code, body, self._clock()))

    # ── the rest ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def candles(
        self, code: str, interval: str, since_us: int, until_us: int | None
    ) -> AsyncIterator[list[Candle]]:
        """The newest 720 are Kraken's own, older ones are made of its trades. The last it sends has not ended."""
        if interval not in INTERVALS:
            raise VenueError(f"{self._title} has no candles of {interval}; it has {', '.join(INTERVALS)}")
        body = await self._get("OHLC", {"pair": rest_pair(code), "interval": INTERVALS[interval]})
        opens_us, kept = self.rest.read(code, decode_candles, code, interval, body)
        if not opens_us:
            return
        width_us = INTERVALS[interval] * 60_000_000
        first_us = opens_us[0]
        if since_us < first_us:
            start_us = since_us + (first_us - since_us) % width_us
            end_us = first_us if until_us is None else min(first_us, until_us + (first_us - until_us) % width_us)
            builder = CandleBuilder(code, interval, width_us, first_us)
            async for page in self.ticks(code, None, start_us, end_us):
                ended = builder.add(page)
                if ended:
                    yield ended
            last = builder.end()
            if last:
                yield last
        asked = [each for each in kept if since_us <= each.ts_us and (until_us is None or each.ts_us < until_us)]
        if asked:
            yield asked

    async def book(self, code: str, depth: int | None) -> BookSnapshot:
        count = min(depth or 100, MOST_LEVELS)
        body = await self._get("Depth", {"pair": rest_pair(code), "count": count})
        return self.rest.read(code, decode_book, code, body, self._clock())

    async def symbols(self, kind: str | None) -> list[Instrument]:
        body = await self._get("AssetPairs", {})
        found = self.rest.read("its pairs", decode_symbols, body, self._clock() // 1000)
        return [each for each in found if kind in (None, each.kind)]

    async def info(self) -> Info:
        body = await self._get("SystemStatus", {})
        said = self.rest.read("its status", _status.decode, body).result
        time_us = self.rest.read("its status", rfc3339_us, said.timestamp)
        return Info(VENUE, self._title, time_us, printable(said.status), {"requests_per_s": self._per_s})

    async def _get(self, name: str, params: Mapping[str, str | int]) -> bytes:
        return await self.rest.get(f"/0/public/{name}", params)


def verdict(status: int, body: bytes) -> int:
    """The status that a reply with errors inside deserves: 429 for what passes, 400 for the rest."""
    if status != 200:
        return status
    errors = _errors(body)
    if not errors:
        return status
    return 429 if any(error.startswith(PASSING) for error in errors) else 400


def complaint(status: int, body: bytes) -> str:
    """`EQuery:Unknown asset pair`, else the status."""
    return printable(", ".join(_errors(body))) or f"HTTP {status}"


class _Refusal(msgspec.Struct):
    error: list[str] = []


class _Status(msgspec.Struct):
    status: str
    timestamp: str


_status: Final = msgspec.json.Decoder(Reply[_Status])
_refusal: Final = msgspec.json.Decoder(_Refusal)


def _errors(body: bytes) -> list[str]:
    try:
        return _refusal.decode(body).error
    except (ValueError, RecursionError):
        return []


def _is_asked(each: Trade | Void, from_id: int | None, since_us: int | None) -> bool:
    if from_id is not None:
        return each.seq >= from_id
    return isinstance(each, Void) or since_us is None or each.ts_us >= since_us
