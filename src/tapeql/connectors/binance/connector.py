"""The Binance connector: combined streams and REST behind the one interface."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

from tapeql.connectors.binance import subscriptions
from tapeql.connectors.binance.book import BinanceBook
from tapeql.connectors.binance.decode import decode
from tapeql.connectors.binance.history import History
from tapeql.connectors.binance.markets import Market
from tapeql.connectors.binance.symbols import symbols
from tapeql.connectors.events import (
    BookSnapshot,
    Candle,
    Event,
    Heartbeat,
    Instrument,
    Kind,
    Refused,
    Subscribed,
    Trade,
    Void,
)
from tapeql.connectors.socket import SocketConnector
from tapeql.connectors.venue import Clock, Info, Settings


class BinanceConnector(SocketConnector):
    """Source: developers.binance.com. Spot takes 5 messages a second, futures 10; pings count."""

    messages_per_s = 3.0

    def __init__(self, market: Market, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self._market = market
        self._history = History(market, settings, clock)
        self._asked: dict[int, tuple[Kind, tuple[str, ...]]] = {}
        self._in_address: list[tuple[Kind, str]] = []
        self._numbers = 0

    async def disconnect(self) -> None:
        await super().disconnect()
        await self._history.rest.close()

    # ── streams ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _url(self) -> str:
        self._in_address = self._each()[: subscriptions.URL_STREAMS]
        return self._settings.ws_url + subscriptions.path([subscriptions.stream(*each) for each in self._in_address])

    async def _open(self) -> Iterable[Event]:
        """What the address asked for is subscribed as soon as the connection is open."""
        self._asked.clear()
        events: list[Event] = [Subscribed(kind, (symbol,)) for kind, symbol in self._in_address]
        rest: dict[Kind, list[str]] = {}
        for kind, symbol in self._each():
            if (kind, symbol) not in self._in_address:
                rest.setdefault(kind, []).append(symbol)
        for kind, symbols_ in rest.items():
            await self._send(self._ask(kind, symbols_))
        return events

    def _each(self) -> list[tuple[Kind, str]]:
        return [(kind, symbol) for kind, wanted in self._wanted.items() for symbol in wanted]

    def _ask(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        streams = [subscriptions.stream(kind, symbol) for symbol in symbols]
        said = subscriptions.messages("SUBSCRIBE", streams, self._numbers + 1)
        for n in range(len(said)):
            part = symbols[n * subscriptions.MESSAGE_STREAMS : (n + 1) * subscriptions.MESSAGE_STREAMS]
            self._asked[self._numbers + 1 + n] = kind, tuple(part)
        self._numbers += len(said)
        return said

    def _drop(self, kind: Kind, symbols: Sequence[str]) -> Sequence[str]:
        streams = [subscriptions.stream(kind, symbol) for symbol in symbols]
        said = subscriptions.messages("UNSUBSCRIBE", streams, self._numbers + 1)
        self._numbers += len(said)
        return said

    def _decode(self, frame: bytes, recv_ns: int) -> list[Event]:
        events = decode(self._market, frame, recv_ns)
        if self._asked and len(events) == 1 and isinstance(answer := events[0], Heartbeat | Refused):
            number = subscriptions.answered(frame)
            if number in self._asked:
                kind, symbols = self._asked.pop(number)
                if isinstance(answer, Heartbeat):
                    return [Subscribed(kind, symbols)]
                return [Refused("error", answer.reason, symbol) for symbol in symbols]
        return events

    # ── books ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def book_sync(self, symbol: str) -> BinanceBook:
        return BinanceBook(self._market)

    async def resync_book(self, symbol: str) -> BookSnapshot | None:
        return await self._history.book(symbol, None)

    # ── history ───────────────────────────────────────────────────────────────────────────────────────────────────────

    async def fetch_ticks(
        self, symbol: str, *, from_id: int | None = None, since_us: int | None = None, until_us: int | None = None
    ) -> AsyncIterator[list[Trade | Void]]:
        if from_id is None and since_us is None:
            newest = await self._history.latest(symbol)
            if newest:
                yield newest
            return
        begin_us = 0
        if from_id is None and since_us is not None:
            begin_us = since_us
            from_id = await self._history.id_before(symbol, since_us)
        if from_id is None:
            return
        async for page in self._history.from_id(symbol, from_id):
            within = [t for t in page if not isinstance(t, Trade) or begin_us <= t.ts_us]
            before = [t for t in within if until_us is None or not isinstance(t, Trade) or t.ts_us < until_us]
            if before:
                yield before
            if len(before) < len(within):
                return

    def fetch_candles(
        self, symbol: str, interval: str, *, since_us: int, until_us: int | None = None
    ) -> AsyncIterator[list[Candle]]:
        return self._history.candles(symbol, interval, since_us, until_us)

    async def fetch_order_book(self, symbol: str, depth: int | None = None) -> BookSnapshot:
        return await self._history.book(symbol, depth)

    async def symbols(self, kind: str | None = None) -> list[Instrument]:
        return await symbols(self._market, self._settings, self._clock() // 1000, kind)

    async def info(self) -> Info:
        return await self._history.info()
