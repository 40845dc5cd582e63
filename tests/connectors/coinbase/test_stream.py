"""Coinbase's connectors on real sockets, against the ledger of a simulated exchange."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tapeql.connectors.book import Book
from tapeql.connectors.coinbase.connector import CoinbaseConnector
from tapeql.connectors.events import BookDelta, BookSnapshot, Event, Heartbeat, Kind, Quote, Reset, Subscribed, Trade
from tapeql.errors import DataError, VenueError
from tests.connectors.coinbase.loopback import heard, on_exchange
from tests.exchange import market
from tests.exchange.coinbase import Coinbase, CoinbaseExchange
from tests.exchange.faults import Drop, Duplicate, Plan
from tests.exchange.generator import START_US, Generated
from tests.exchange.server import Exchange

SYMBOLS = ("BTC-USD", "ETH-USD")
SEED = base64.b64encode(bytes(range(32))).decode()
SECRET = base64.b64encode(b"tell-nobody").decode()

both = pytest.mark.parametrize("name", ["coinbase", "coinbaseexchange"])


async def opened(connector: CoinbaseConnector, *symbols: str) -> list[Event]:
    """Everything is asked for; the events until all is subscribed and every book is there."""
    await connector.subscribe_ticks(symbols)
    await connector.subscribe_quotes(symbols)
    await connector.subscribe_order_book(symbols)
    await connector.connect()
    return await heard(connector, lambda events: carried(events) == {(k, s) for k in KINDS for s in symbols} and all(
        any(isinstance(e, BookSnapshot) and e.symbol == symbol for e in events) for symbol in symbols
    ))  # fmt: skip


KINDS: tuple[Kind, ...] = ("trades", "quotes", "book")


def carried(events: list[Event]) -> set[tuple[str, str]]:
    return {(e.kind, symbol) for e in events if isinstance(e, Subscribed) for symbol in e.symbols}


def until_trade(exchange: Exchange, symbol: str) -> Callable[[list[Event]], bool]:
    """The last trade there was has come."""
    last = exchange.ledger.tapes[symbol].trades[-1].trade_id
    return lambda events: any(isinstance(e, Trade) and (e.symbol, e.seq) == (symbol, last) for e in events)


def known(tape: market.Tape) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """The market's book as level2 has told it."""
    bids, asks = tape.live.top(10_000)
    return [(float(p), float(q)) for p, q in bids], [(float(p), float(q)) for p, q in asks]


def followed(connector: CoinbaseConnector, events: list[Event], symbol: str) -> Book:
    """The book of a symbol as its rule lets it through."""
    sync, book = connector.book_sync(symbol), Book()
    for event in events:
        if isinstance(event, BookSnapshot | BookDelta) and event.symbol == symbol:
            synced = sync.on_snapshot(event) if isinstance(event, BookSnapshot) else sync.on_delta(event)
            assert synced.gap is None
            for kept in synced.events:
                (book.replace if isinstance(kept, BookSnapshot) else book.apply)(kept.bids, kept.asks)
    return book


@both
def test_a_stream_is_the_ledger(name: str) -> None:
    """Trades, quotes and books of two symbols come as they happened; each subscription is confirmed once."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        events = await opened(connector, *SYMBOLS)
        numbers = await exchange.step(1500)
        await exchange.quiesce()
        events += await heard(connector, lambda e: all(until_trade(exchange, s)(e) for s in SYMBOLS))
        happened = exchange.ledger.events[numbers.start :]
        confirmed = Counter((e.kind, s) for e in events if isinstance(e, Subscribed) for s in e.symbols)
        assert set(confirmed.values()) == {1}
        for symbol in SYMBOLS:
            trades = [e for e in events if isinstance(e, Trade) and e.symbol == symbol]
            assert [(t.seq, t.ts_us, t.price, t.quantity, t.side) for t in trades] == [
                (t.trade_id, t.ts_us, float(t.price), float(t.quantity), "sell" if t.buyer_is_maker else "buy")
                for t in happened
                if isinstance(t, market.Trade) and t.symbol == symbol
            ]
            quotes = [e for e in events if isinstance(e, Quote) and e.symbol == symbol]
            expected = [q for q in happened if isinstance(q, market.Quote) and q.symbol == symbol]
            assert [(q.ts_us, q.bid, q.bid_size, q.ask, q.ask_size) for q in quotes] == [
                (q.ts_us, float(q.bid), float(q.bid_quantity), float(q.ask), float(q.ask_quantity)) for q in expected
            ]
            numbered = [q.update_id for q in quotes]
            assert numbered == [None if name == "coinbase" else q.update_id for q in expected]
            book = followed(connector, events, symbol)
            # What comes behind the last trade may still be on its way.
            while (book.bids.top(), book.asks.top()) != known(exchange.ledger.tapes[symbol]):
                events += await connector.receive()
                book = followed(connector, events, symbol)

    on_exchange(name, ask)


def test_old_trades_of_a_snapshot_come_first() -> None:
    """Advanced Trade repeats the last trades at the beginning: they are handed on, oldest first."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await exchange.step(2000)
        await connector.subscribe_ticks(["BTC-USD"])
        await connector.connect()
        events = await heard(connector, until_trade(exchange, "BTC-USD"))
        ids = [t.trade_id for t in exchange.ledger.tapes["BTC-USD"].trades[-50:]]
        assert [e.seq for e in events if isinstance(e, Trade)] == ids

    on_exchange("coinbase", ask, symbols=("BTC-USD",))


def test_heartbeats_name_the_newest_trade_of_a_quiet_symbol() -> None:
    """A match that was dropped shows, although nothing follows it."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await opened(connector, "BTC-USD")
        exchange.market.burst("BTC-USD", 1)
        last = exchange.ledger.tapes["BTC-USD"].trades[-1].trade_id
        events = await heard(
            connector, lambda events: any(isinstance(e, Heartbeat) and e.last_trade_id == last for e in events)
        )
        assert not any(isinstance(event, Trade) for event in events)

    on_exchange("coinbaseexchange", ask, symbols=("BTC-USD",), venue=CoinbaseExchange(beat_s=0.05))


def test_advanced_trade_has_a_heart_too() -> None:
    """The heartbeats channel is subscribed unasked, so a quiet connection stays open."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await connector.connect()
        await heard(connector, lambda events: sum(isinstance(event, Heartbeat) for event in events) > 3)

    on_exchange("coinbase", ask, venue=Coinbase(beat_s=0.05))


def test_a_message_lost_on_advanced_trade_resets_the_connection() -> None:
    """The number of the next one shows it, whatever was in it; a new connection has the market's book again."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await opened(connector, *SYMBOLS)
        await exchange.step(400)
        events = await heard(connector, lambda events: any(isinstance(event, Reset) for event in events))
        (reset,) = (event for event in events if isinstance(event, Reset))
        assert (reset.kind, reset.symbols) == (None, ())
        await connector.disconnect()
        events = await opened_again(connector)
        for symbol in SYMBOLS:
            book = followed(connector, events, symbol)
            assert (book.bids.top(), book.asks.top()) == known(exchange.ledger.tapes[symbol])

    async def opened_again(connector: CoinbaseConnector) -> list[Event]:
        await connector.connect()
        return await heard(connector, lambda events: sum(isinstance(event, BookSnapshot) for event in events) == 2)

    on_exchange("coinbase", ask, plan=Plan(3, [Drop(after=50, times=1)]))


def test_a_message_sent_twice_on_advanced_trade_is_heard_once() -> None:
    """Its number has been seen."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await opened(connector, "BTC-USD")
        await exchange.step(1000)
        events = await heard(connector, until_trade(exchange, "BTC-USD"))
        ids = [event.seq for event in events if isinstance(event, Trade)]
        assert ids == [t.trade_id for t in exchange.ledger.tapes["BTC-USD"].trades]
        assert not any(isinstance(event, Reset) for event in events)

    on_exchange("coinbase", ask, symbols=("BTC-USD",), plan=Plan(3, [Duplicate(rate=0.5)]))


class Rising:
    """A market in which every hundred milliseconds the best ask is bought and the best bid follows it."""

    instrument = market.Instrument("BTC-USD", "BTC", "USD", "1", "0.1")
    first_trade_id = 1

    @property
    def book(self) -> market.Book:
        return market.Book(0, [(str(price), "1.0") for price in range(1, 10)], [(str(p), "1.0") for p in range(10, 90)])

    def events(self) -> Iterator[tuple[int, market.Event]]:
        for n in range(1, 70):
            ts_us, price = START_US + n * 100_000, str(9 + n)
            yield ts_us, market.Trade("BTC-USD", ts_us, ts_us, n, price, "1.0", False)
            yield ts_us, market.Depth("BTC-USD", ts_us, ts_us, n, n, n - 1, (), ((price, "0.0"),))
            yield ts_us, market.Depth("BTC-USD", ts_us, ts_us, n, n, n - 1, ((price, "1.0"),), ())


def test_an_update_lost_on_exchange_shows_when_the_book_crosses_and_is_mended_alone() -> None:
    """No number tells it: a bid that meets an ask does. One symbol is asked for again, the other is not disturbed."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        events = await opened(connector, "BTC-USD", "ETH-USD")
        syncs = {symbol: connector.book_sync(symbol) for symbol in SYMBOLS}
        books = {symbol: Book() for symbol in SYMBOLS}
        gaps: list[tuple[str, str]] = []

        async def follow(events: list[Event]) -> None:
            for event in events:
                if not isinstance(event, BookSnapshot | BookDelta):
                    continue
                sync = syncs[event.symbol]
                synced = sync.on_snapshot(event) if isinstance(event, BookSnapshot) else sync.on_delta(event)
                for kept in synced.events:
                    book = books[event.symbol]
                    (book.replace if isinstance(kept, BookSnapshot) else book.apply)(kept.bids, kept.asks)
                if synced.gap is not None:
                    gaps.append((event.symbol, synced.gap))
                if synced.wants_snapshot:
                    assert await connector.resync_book(event.symbol) is None

        await follow(events)
        await exchange.step(500)
        for symbol in SYMBOLS:
            while (books[symbol].bids.top(), books[symbol].asks.top()) != known(exchange.ledger.tapes[symbol]):
                await follow(await connector.receive())
        (injected,) = exchange.ledger.injected
        lost = exchange.ledger.events[injected.event or 0]
        assert isinstance(lost, market.Depth)
        ((price, _),) = lost.asks
        price = str(float(price))
        assert gaps == [("BTC-USD", f"an update was missed: a bid of {price} met an ask of {price}")]

    plan = Plan(5, [Drop(only=market.Depth, after=18, times=1)])
    on_exchange("coinbaseexchange", ask, sources=[Rising(), Generated("ETH-USD", depth_ms=1000)], plan=plan)


def test_usdc_products_are_streamed_by_their_own_names() -> None:
    """BTC-USDC is asked for, BTC-USD answers, BTC-USDC is what comes out, of history too."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        events = await opened(connector, "BTC-USDC")
        await exchange.step(500)
        last = exchange.ledger.tapes["BTC-USD"].trades[-1].trade_id
        events += await heard(connector, lambda events: any(isinstance(e, Trade) and e.seq == last for e in events))
        named = {event.symbol for event in events if isinstance(event, Trade | Quote | BookDelta | BookSnapshot)}
        assert named == {"BTC-USDC"}
        async for page in connector.fetch_ticks("BTC-USDC"):
            assert {trade.symbol for trade in page} == {"BTC-USDC"}

    on_exchange("coinbase", ask, symbols=("BTC-USD",))


def test_dollars_of_two_kinds_have_markets_of_their_own() -> None:
    """USDT-USDC is not USDT-USD: on one connection each has its own trades, quotes and book, and none of the other's."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        events = await opened(connector, "USDT-USD", "USDT-USDC")
        await exchange.step(500)
        await exchange.quiesce()
        tapes = exchange.ledger.tapes
        events += await heard(connector, lambda e: all(until_trade(exchange, symbol)(e) for symbol in tapes))
        for symbol, tape in tapes.items():
            trades = [e for e in events if isinstance(e, Trade) and e.symbol == symbol]
            assert [(t.seq, t.price) for t in trades] == [(t.trade_id, float(t.price)) for t in tape.trades]
            (snapshot,) = (e for e in events if isinstance(e, BookSnapshot) and e.symbol == symbol)
            assert snapshot.bids
            quotes = {(e.bid, e.ask) for e in events if isinstance(e, Quote) and e.symbol == symbol}
            assert quotes <= {(float(q.bid), float(q.ask)) for q in tape.quotes}

    on_exchange("coinbase", ask, symbols=("USDT-USD", "USDT-USDC"))


@both
def test_what_is_subscribed_again_is_confirmed_again(name: str) -> None:
    """After it was unsubscribed, or on a new connection; not where a book is asked for again."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await opened(connector, *SYMBOLS)
        await connector.unsubscribe(["BTC-USD"], ["trades"])
        await connector.resync_book("BTC-USD")
        events = await heard(connector, lambda events: any(isinstance(e, BookSnapshot) for e in events))
        await connector.subscribe_ticks(["BTC-USD"])
        events += await heard(connector, lambda events: bool(carried(events)))
        assert [(e.kind, e.symbols) for e in events if isinstance(e, Subscribed)] == [("trades", ("BTC-USD",))]
        await connector.disconnect()
        await opened(connector, *SYMBOLS)

    on_exchange(name, ask)


@both
def test_unsubscribed_symbols_fall_silent(name: str) -> None:
    """What is dropped is not sent any more; the rest is."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await opened(connector, *SYMBOLS)
        (socket,) = exchange.sockets.values()
        await connector.unsubscribe(["BTC-USD"], ["trades", "book"])
        await connector.unsubscribe(["ETH-USD"])
        while len([stream for stream in socket.streams if not stream.startswith("heartbeat")]) > 1:
            await connector.receive()
        assert set(socket.streams) - {"heartbeat:BTC-USD"} == {"ticker:BTC-USD"}
        assert ("heartbeat:BTC-USD" in socket.streams) == (name == "coinbaseexchange")

    venue = Coinbase(beat_s=0.05) if name == "coinbase" else CoinbaseExchange(beat_s=0.05)
    on_exchange(name, ask, venue=venue)


# ── who we are ────────────────────────────────────────────────────────────────────────────────────────────────────────


def exchange_keys(secret: str) -> dict[str, str]:
    names = {"API_KEY": "key", "API_SECRET": secret, "PASSPHRASE": "phrase"}
    return {f"TAPEQL_COINBASEEXCHANGE_{name}": value for name, value in names.items()}


def genuine(token: str) -> bool:
    """Whether the key SEED belongs to has signed this."""
    head, _, rest = token.partition(".")
    claims, _, signature = rest.partition(".")
    raw = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in (claims, signature)]
    public = Ed25519PrivateKey.from_private_bytes(base64.b64decode(SEED)).public_key()
    try:
        public.verify(raw[1], f"{head}.{claims}".encode())
    except InvalidSignature:
        return False
    return bool(json.loads(raw[0])["sub"] == "key")


def test_with_credentials_exchange_streams_every_change() -> None:
    """level2 is for those who prove themselves; without credentials it is level2_batch."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await opened(connector, "BTC-USD")
        (socket,) = exchange.sockets.values()
        assert "level2:BTC-USD" in socket.streams

    venue = CoinbaseExchange(credentials=("key", SECRET, "phrase"))
    on_exchange("coinbaseexchange", ask, venue=venue, environ=exchange_keys(SECRET))


def test_with_credentials_every_message_to_advanced_trade_is_signed() -> None:
    """Heartbeats too."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        await opened(connector, "BTC-USD")

    environ = {"TAPEQL_COINBASE_API_KEY": "key", "TAPEQL_COINBASE_API_SECRET": SEED}
    on_exchange("coinbase", ask, venue=Coinbase(knows=genuine), environ=environ)


@both
def test_credentials_the_venue_does_not_take_are_told_without_showing_them(name: str) -> None:
    """The connection ends with the venue's words."""
    other = base64.b64encode(bytes(range(1, 33))).decode()

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        with pytest.raises(VenueError, match=r"refused us: [Aa]uthentication") as caught:
            await opened(connector, "BTC-USD")
        assert other not in str(caught.value)

    environ = {"TAPEQL_COINBASE_API_KEY": "key", "TAPEQL_COINBASE_API_SECRET": other}
    venue: Coinbase | CoinbaseExchange = Coinbase(knows=genuine)
    if name == "coinbaseexchange":
        venue, environ = CoinbaseExchange(credentials=("key", SECRET, "phrase")), exchange_keys(other)
    on_exchange(name, ask, venue=venue, environ=environ)


def test_half_of_the_credentials_is_an_error_that_names_the_other() -> None:
    """Before anything is asked."""

    async def ask(exchange: Exchange, connector: CoinbaseConnector) -> None:
        raise AssertionError

    environ = {name: value for name, value in exchange_keys(SECRET).items() if "PHRASE" not in name}
    with pytest.raises(DataError, match="TAPEQL_COINBASEEXCHANGE_PASSPHRASE"):
        on_exchange("coinbaseexchange", ask, environ=environ)
