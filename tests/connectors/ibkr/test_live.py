"""The real ib_async client against a simulated TWS, over loopback: what streams, and what goes wrong."""

from __future__ import annotations

import asyncio
import random
import struct
import time
from typing import Any

import pytest

from tapeql.connectors.book import Book
from tapeql.connectors.events import BookSnapshot, Heartbeat, Quote, Refused, Reset, Subscribed, Trade
from tapeql.connectors.ibkr import stream
from tapeql.connectors.ibkr.book import Depth, IbkrBook
from tapeql.connectors.ibkr.connector import CLIENT_IDS, DEPTH_ROWS
from tapeql.connectors.ibkr.gateway import FULL_PACKETS
from tapeql.connectors.ibkr.numbering import UNREPORTED
from tapeql.connectors.venue import Lost
from tapeql.errors import ConnectionFailed, DataError
from tests.connectors.ibkr.session import Session, connected, connector, until
from tests.exchange.ibkr import Level, Listed, Print, Tws


def aapl() -> Listed:
    return Listed(265598, "AAPL")


def one_level_each() -> Listed:
    return Listed(265598, "AAPL", bids=[Level(10.0, 5.0, "NSDQ")], asks=[Level(10.1, 4.0, "ARCA")])


def run(scenario: Any) -> None:
    asyncio.run(asyncio.wait_for(scenario, 30))


def test_trades_and_quotes_are_those_of_the_market() -> None:
    """What streams and what the history has are one tape: same ids, order and times, nothing missing, nothing twice."""

    async def scenario() -> None:
        stock, chance = aapl(), random.Random(5)
        async with Tws([stock]) as tws:
            made = connector(tws.url)
            began_s = int(time.time())
            await made.subscribe_ticks(["AAPL"])
            await made.subscribe_quotes(["AAPL"])
            async with connected(tws, made) as session:
                await until(lambda: len(tws.clients[0].lines) == 2)
                quotes = 0
                # From the second in which it connected on, into the first ones it hears whole.
                while time.time() < began_s + 4.5:
                    now_s = int(time.time())
                    price, unreported = 10 + chance.randrange(3) / 100, chance.random() < 0.2
                    tws.trade(stock, Print(now_s, price, 100.0, chance.choice("PQ"), "I", unreported))
                    tws.quote(stock, now_s, price, 1.0, price + 0.01, float(quotes))
                    quotes += 1
                    await asyncio.sleep(0.01)
                await session.until(lambda: len(session.all(Quote)) == quotes)
                live = session.all(Trade)
                (subscribed,) = (s for s in session.all(Subscribed) if s.kind == "trades")
                # Who loses the connection after this knows that trades are missing.
                assert session.events.index(subscribed) < session.events.index(live[0])
                first_s = min(t.ts_us for t in live) // 1_000_000
                past = [t async for page in made.fetch_ticks("AAPL", since_us=began_s * 1_000_000) for t in page]
        past_trades = {t.trade_id: t for t in past if isinstance(t, Trade)}
        for trade in live:
            if trade.seq < UNREPORTED:
                known = past_trades[trade.trade_id]
                assert (known.seq, known.ts_us, known.price) == (trade.seq, trade.ts_us, trade.price)
            else:
                assert trade.trade_id not in past_trades
        whole = {t.trade_id: t for t in [*past_trades.values(), *live]}
        assert len({(t.ts_us, t.seq) for t in whole.values()}) == len(whole)
        heard = [p for p in stock.tape if not p.unreported or p.second >= first_s]
        assert sorted((t.ts_us // 1_000_000, t.price) for t in whole.values()) == sorted(
            (p.second, p.price) for p in heard
        )
        assert len(live) == sum(p.second >= first_s for p in stock.tape)

    run(scenario())


async def follow(session: Session, sync: IbkrBook, book: Book, at: int) -> int:
    """Applies the events from `at` on as the collector does; where it got to."""
    for event in session.events[at:]:
        at += 1
        if isinstance(event, Depth):
            synced = sync.on_delta(event)
            for each in synced.events:
                if isinstance(each, BookSnapshot):
                    book.replace(each.bids, each.asks)
                else:
                    book.apply(each.bids, each.asks)
            if synced.wants_snapshot:
                assert await session.connector.resync_book("AAPL") is None
    return at


def levels(rows: list[Level]) -> dict[float, float]:
    found: dict[float, float] = {}
    for row in rows[:DEPTH_ROWS]:
        found[row.price] = found.get(row.price, 0.0) + row.size
    return found


def test_the_book_is_that_of_the_market() -> None:
    """After any rows, an emptied book, an unreadable row and a lost one, the levels are those TWS has."""

    async def scenario() -> None:
        stock, chance = one_level_each(), random.Random(11)
        async with Tws([stock]) as tws:
            made = connector(tws.url)
            await made.subscribe_order_book(["AAPL"])
            async with connected(tws, made) as session:
                sync, book, at = made.book_sync("AAPL"), Book(), 0

                async def agrees() -> None:
                    nonlocal at
                    for _ in range(1000):
                        at = await follow(session, sync, book, at)
                        if book.bids.sizes == levels(stock.bids) and book.asks.sizes == levels(stock.asks):
                            return
                        await asyncio.sleep(0.005)
                    raise AssertionError((book.bids.sizes, levels(stock.bids)))

                async def some_changes(count: int) -> None:
                    for _ in range(count):
                        side = chance.choice(["bids", "asks"])
                        rows = getattr(stock, side)
                        level = Level(
                            float(chance.randrange(1, 9)), float(chance.randrange(1, 9)), chance.choice(["", "N"])
                        )
                        change = chance.randrange(3)
                        if not rows or (change == 0 and len(rows) < DEPTH_ROWS):
                            tws.insert(stock, side, chance.randrange(len(rows) + 1), level)
                        elif change == 1 and len(rows) > 1:
                            tws.delete(stock, side, chance.randrange(len(rows)))
                        else:
                            tws.update(stock, side, chance.randrange(len(rows)), level)
                        if chance.random() < 0.2:
                            await asyncio.sleep(0)

                await agrees()
                await some_changes(300)
                await agrees()
                tws.empty_books(stock, [Level(5.0, 5.0)], [Level(6.0, 1.0), Level(7.0, 2.0)])
                await agrees()
                await some_changes(50)
                await agrees()
                assert len(tws.asked_for(10)) == 1
                # A row that cannot be read, of whichever line.
                text = b"12\x001\x00?\x00?\x00"
                tws.say_bytes(struct.pack(">I", len(text)) + text)
                await session.until(lambda: session.all(Refused))
                await agrees()
                await some_changes(50)
                await agrees()
                assert len(tws.asked_for(10)) == 2
                # A row that was kept from us shows when the one behind it is changed.
                tws.empty_books(stock, [Level(5.0, 5.0)], [])
                await agrees()
                tws.skip_rows = 1
                tws.insert(stock, "bids", 1, Level(4.0, 1.0))
                tws.insert(stock, "bids", 2, Level(3.0, 1.0))
                await agrees()
                assert len(tws.asked_for(10)) == 3

    run(scenario())


def test_refused_lines_are_told_in_words() -> None:
    """A line too many, a market without trades and a code that means nothing are refusals; the others stream on."""

    async def scenario() -> None:
        stock, euro = aapl(), Listed(12087792, "EUR", "CASH", "IDEALPRO", "USD")
        async with Tws([stock, euro], tick_lines=2, depth_lines=0) as tws:
            made = connector(tws.url)
            await made.subscribe_ticks(["EURUSD", "AAPL", "NOPE", "no code"])
            await made.subscribe_quotes(["AAPL", "EURUSD"])
            await made.subscribe_order_book(["AAPL"])
            async with connected(tws, made) as session:
                await session.until(lambda: len(session.all(Refused)) >= 5)
                tws.quote(stock, int(time.time()), 1.0, 1.0, 2.0, 1.0)
                await session.until(lambda: session.all(Quote))
                await session.until(lambda: [s for s in session.all(Subscribed) if s.kind == "trades"])
        refused = {(r.symbol, r.reason) for r in session.all(Refused)}
        assert {symbol for symbol, _ in refused} == {"EURUSD", "AAPL", "NOPE", "no code"}
        told = " ".join(reason for _, reason in refused)
        for words in (
            "no tick-by-tick line left",
            "(10190)",
            "No trade data for CASH",
            "no market depth line left",
            "no such instrument",
            "AAPL@NASDAQ",
        ):
            assert words in told
        assert [s.symbols for s in session.all(Subscribed) if s.kind == "trades"] == [("AAPL",)]

    run(scenario())


def test_outages_of_tws_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """TWS cut off from IBKR is told at once; back again, what was carried is reset, and a hang-up ends the connection."""
    # TWS wants a quarter of a minute between two requests for one thing.
    monkeypatch.setattr(stream, "AGAIN_S", 0.1)

    async def scenario() -> None:
        async with Tws([aapl()]) as tws:
            made = connector(tws.url)
            await made.subscribe_quotes(["AAPL"])
            async with connected(tws, made) as session:
                tws.say(1100, "Connectivity between IB and Trader Workstation has been lost.")
                await session.until(lambda: session.all(Refused))
                assert (await made.info()).status == "TWS is cut off from IBKR"
                tws.say(1102, "Connectivity restored - data maintained.")
                await session.until(lambda: len(session.all(Reset)) == 2)
                assert (await made.info()).status == "ok"
                tws.say(1101, "Connectivity restored - data lost.")
                await session.until(lambda: len(session.all(Reset)) == 3)
                resets = [(r.kind, r.symbols) for r in session.all(Reset)]
                assert resets == [("quotes", ("AAPL",)), ("quotes", ("AAPL",)), (None, ())]
                assert session.all(Heartbeat)
                tws.hang_up()
                await session.until(lambda: session.lost)
                assert str(session.lost) == "IBKR closed the connection"
                with pytest.raises(Lost):
                    await made.receive()
                # The same connector may begin again.
                await until(lambda: not tws.clients)
                await made.connect()
                assert len(tws.clients) == 1

    run(scenario())


def test_what_no_one_can_read() -> None:
    """Garbage in well-formed frames is refused, and the connection lives on."""

    async def scenario() -> None:
        async with Tws([aapl()]) as tws:
            made = connector(tws.url)
            await made.subscribe_quotes(["AAPL"])
            async with connected(tws, made) as session:
                for text in (b"", b"x\x00", b"99\x001\x00\xff\x00", b"98\x00a\x00b\x00", b"777\x001\x00"):
                    tws.say_bytes(struct.pack(">I", len(text)) + text)
                await session.until(lambda: len([r for r in session.all(Refused) if r.kind == "malformed"]) >= 4)
                await made.info()

    run(scenario())


def test_a_flood_is_not_lost() -> None:
    """What nobody reads waits: a part here, the rest at TWS; nothing of it is dropped."""

    async def scenario() -> None:
        stock, count = aapl(), 20_000
        async with Tws([stock]) as tws:
            made = connector(tws.url)
            await made.subscribe_quotes(["AAPL"])
            await made.connect()
            await until(lambda: tws.clients[0].lines)
            second, sent = int(time.time()), 0

            async def flood() -> None:
                nonlocal sent
                for n in range(count):
                    tws.quote(stock, second, 1.0, float(n), 2.0, 1.0)
                    sent += 1
                    # Packet by packet.
                    await asyncio.sleep(0)
                    await tws.clients[0].writer.drain()

            flooding = asyncio.create_task(flood())
            before = -1
            while before != sent:
                before = sent
                await asyncio.sleep(0.1)
            assert made._gateway is not None
            assert len(made._gateway.unread()) == FULL_PACKETS + 1
            sizes: list[float | None] = []
            while len(sizes) < count:
                sizes += [e.bid_size for e in await made.receive() if isinstance(e, Quote)]
            await flooding
            assert sizes == [float(n) for n in range(count)]
            await made.disconnect()

    run(scenario())


def test_unsubscribing() -> None:
    """What is given back is silent, and known to TWS as such."""

    async def scenario() -> None:
        stock = one_level_each()
        async with Tws([stock]) as tws, connected(tws) as session:
            await session.connector.subscribe_quotes(["AAPL"])
            await session.connector.subscribe_order_book(["AAPL"])
            await session.until(lambda: session.all(Depth))
            await session.connector.unsubscribe(["AAPL"])
            await until(lambda: not tws.clients[0].lines)
            assert len(tws.asked_for(98, 11)) == 2

    run(scenario())


def test_the_next_client_id_is_tried() -> None:
    """A client id taken by another program is left to it; when all are taken, the way out is named."""

    async def scenario() -> None:
        async with Tws([aapl()]) as tws:
            made = [connector(tws.url) for _ in range(CLIENT_IDS + 1)]
            for each in made[:-1]:
                await each.connect()
            assert len({client.client_id for client in tws.clients}) == CLIENT_IDS
            with pytest.raises(Lost, match="TAPEQL_IBKR_CLIENT_ID"):
                await made[-1].connect()
            with pytest.raises(ConnectionFailed, match=r"^IBKR"):
                await made[-1].fetch_order_book("AAPL")
            for each in made:
                await each.disconnect()

    run(scenario())


def test_nobody_there() -> None:
    """An address where no TWS listens is named; one that is none says what it should be."""

    async def scenario() -> None:
        with pytest.raises(Lost, match=r"IBKR at 127\.0\.0\.1:1 cannot be reached: ConnectionRefusedError"):
            await connector("tcp://127.0.0.1:1").connect()
        for url in ("wss://127.0.0.1:4002", "tcp://127.0.0.1"):
            with pytest.raises(DataError, match="TAPEQL_IBKR_WS_URL must be like tcp://"):
                connector(url)
        with pytest.raises(DataError, match="TAPEQL_IBKR_DEPTH_ROWS"):
            connector("tcp://127.0.0.1:1", depth_rows="many")

    run(scenario())
