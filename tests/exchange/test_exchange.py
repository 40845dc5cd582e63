"""The simulated exchange is right itself: its messages are its ledger, its faults happen, its oracle sees."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import Request, urlopen

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.exchange import verdict
from tests.exchange.binance import Binance, Weights
from tests.exchange.faults import (
    Abort,
    ClockStep,
    Cut,
    Delay,
    Drop,
    Duplicate,
    Fault,
    Huge,
    Malformed,
    Merge,
    Mute,
    Plan,
    Refuse,
    Reorder,
    RestError,
    RestGarbled,
    Shutdown,
    SlowSnapshot,
    Split,
    StaleSnapshot,
    Unknown,
)
from tests.exchange.generator import START_US, Generated
from tests.exchange.market import Book, Depth, Market, Quote, Tape, Trade
from tests.exchange.recording import Recording, several
from tests.exchange.server import Exchange

T = TypeVar("T")
ALL = "btcusdt@trade/btcusdt@bookTicker/btcusdt@depth@100ms/ethusdt@trade/ethusdt@bookTicker/ethusdt@depth@100ms"


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, 30))


def two_symbols(seed: int = 0, futures: bool = False) -> Market:
    return Market([Generated("BTCUSDT", seed=seed, futures=futures), Generated("ETHUSDT", seed=seed, futures=futures)])


def listen(exchange: Exchange, streams: str = ALL, **options: Any) -> connect:
    options = {"compression": None, "max_size": 2**23, "max_queue": None} | options
    return connect(f"{exchange.ws_url}/stream?streams={streams}", **options)


async def heard(ws: ClientConnection) -> list[bytes]:
    """All that was sent so far: until the answer to a question asked now."""
    await ws.send('{"method":"LIST_SUBSCRIPTIONS","id":99}')
    messages: list[bytes] = []
    while not (message := await ws.recv(decode=False)).endswith(b',"id":99}'):
        messages.append(message)
    return messages


async def heard_to_the_end(ws: ClientConnection) -> tuple[list[bytes], int]:
    """All messages until the connection ends, and its close code."""
    messages: list[bytes] = []
    try:
        while True:
            messages.append(await ws.recv(decode=False))
    except ConnectionClosed:
        return messages, ws.close_code or 0


async def get(exchange: Exchange, path: str) -> tuple[int, Any, Any]:
    async with aiohttp.ClientSession() as session, session.get(exchange.rest_url + path) as reply:
        text = await reply.text()
        return reply.status, json.loads(text) if text[:1] in "[{" else text, reply.headers


def data(messages: Iterable[bytes], kind: str) -> list[dict[str, Any]]:
    found = [json.loads(message)["data"] for message in messages]
    return [message for message in found if message.get("e", "bookTicker") == kind]


# -- the market and the protocol ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "depth"), [("spot", "depth@100ms"), ("usdm", "depth@0ms")])
def test_a_replay_sends_the_recorded_messages(shared_data: Path, name: str, depth: str) -> None:
    """What a socket hears of a recording are the recorded messages, byte for byte and in order."""
    recording = Recording(shared_data / "wire" / "binance" / f"{name}_btcusdt_20240808.raw.gz")

    async def work() -> list[bytes]:
        streams = f"btcusdt@trade/btcusdt@bookTicker/btcusdt@{depth}"
        venue = Binance(futures=recording.futures)
        async with Exchange(Market([recording]), venue) as exchange, listen(exchange, streams) as ws:
            await exchange.step(5_000)
            return await heard(ws)

    lines = recording.lines()
    assert run(work()) == [next(lines) for _ in range(5_000)]


def test_a_recording_under_other_names_and_times_is_the_same_market(shared_data: Path) -> None:
    """Copies differ from the recording in symbol and time, in nothing else."""
    path = shared_data / "wire" / "binance" / "spot_btcusdt_20240808.raw.gz"
    market = Market(several(path, ["BTCUSDT", "ETHUSDT"], shift_us=86_400_000_000))
    market.advance(3_000)
    one, other = (tape.trades[:100] for tape in market.tapes.values())
    assert [t._replace(symbol="", ts_us=t.ts_us + 1_000_000, sent_us=0) for t in one] == [
        t._replace(symbol="", sent_us=0) for t in other
    ]
    assert one[0].ts_us // 86_400_000_000 == START_US // 86_400_000_000 + 1


def test_a_recorded_book_has_the_best_prices_of_the_recorded_quotes(shared_data: Path) -> None:
    """Wherever a quote and a depth update have the same id, the book's best levels are the quote's."""
    market = Market([Recording(shared_data / "wire" / "binance" / "spot_btcusdt_20240808.raw.gz")])
    market.advance(3_000)
    tape = market.tapes["BTCUSDT"]
    equal = 0
    for depth in tape.depths[3:]:
        if (quote := tape.quote_at(depth.last_id)) is not None:
            bids, asks = tape.book_at(depth.last_id).top(1)
            assert (*bids[0], *asks[0]) == (quote.bid, quote.bid_quantity, quote.ask, quote.ask_quantity)
            equal += 1
    assert equal > 20


@pytest.mark.parametrize("futures", [False, True])
def test_a_clean_run_follows_the_documented_rules(futures: bool) -> None:
    """Trade ids are contiguous, depth updates follow one another, and a snapshot with the updates after it is the
    market's book."""

    async def work() -> None:
        async with Exchange(two_symbols(futures=futures), Binance(futures=futures)) as exchange:
            root = "/fapi/v1" if futures else "/api/v3"
            async with listen(exchange) as ws:
                await exchange.step(1_500)
                _, snapshot, _ = await get(exchange, f"{root}/depth?symbol=BTCUSDT&limit=1000")
                await exchange.step(1_500)
                messages = await heard(ws)
            tape = exchange.market.tapes["BTCUSDT"]
            updates = [m for m in data(messages, "depthUpdate") if m["s"] == "BTCUSDT"]
            for before, update in pairwise(updates):
                assert (update["pu"] == before["u"]) if futures else (update["U"] == before["u"] + 1)
            last_id = snapshot["lastUpdateId"]
            book = Book(last_id, map(tuple, snapshot["bids"]), map(tuple, snapshot["asks"]))
            later = [u for u in updates if (u["u"] >= last_id if futures else u["u"] > last_id)]
            assert later[0]["U"] <= last_id + 1 <= later[0]["u"] + 1
            for u in later:
                levels = tuple(map(tuple, u["b"])), tuple(map(tuple, u["a"]))
                book.apply(Depth("BTCUSDT", 0, 0, u["U"], u["u"], 0, *levels))
            assert (book.bids, book.asks) == (tape.live.bids, tape.live.asks)
            ids = [m["t"] for m in data(messages, "trade") if m["s"] == "BTCUSDT"]
            assert ids == [trade.trade_id for trade in tape.trades] == list(range(ids[0], ids[0] + len(ids)))
            assert all(exchange.ledger.sent)

    run(work())


def test_requests_and_streams_agree_with_the_ledger() -> None:
    """Trades, aggregates, candles and best prices of requests are those of the ledger, which the streams sent."""

    async def work() -> None:
        async with Exchange(two_symbols(), Binance()) as exchange:
            async with listen(exchange, "btcusdt@trade") as ws:
                await exchange.skip(180)
                live = data(await heard(ws), "trade")
            tape = exchange.market.tapes["BTCUSDT"]
            paged: list[dict[str, Any]] = []
            while True:
                after = paged[-1]["id"] + 1 if paged else tape.trades[0].trade_id
                _, page, _ = await get(exchange, f"/api/v3/historicalTrades?symbol=BTCUSDT&fromId={after}&limit=200")
                if not page:
                    break
                paged += page
            assert [(t["id"], t["price"], t["qty"], t["time"], t["isBuyerMaker"]) for t in paged] == [
                (m["t"], m["p"], m["q"], m["T"], m["m"]) for m in live
            ]
            _, recent, _ = await get(exchange, "/api/v3/trades?symbol=BTCUSDT&limit=10")
            assert recent == paged[-10:]
            _, rows, _ = await get(exchange, "/api/v3/aggTrades?symbol=BTCUSDT&limit=1000&startTime=0")
            assert [n for row in rows for n in range(row["f"], row["l"] + 1)] == [t["id"] for t in paged[: len(live)]]
            _, again, _ = await get(exchange, f"/api/v3/aggTrades?symbol=BTCUSDT&fromId={rows[5]['a']}&limit=3")
            assert again == rows[5:8]
            _, candles, _ = await get(exchange, "/api/v3/klines?symbol=BTCUSDT&interval=1m")
            assert [candle[0] for candle in candles] == [START_US // 1000 + n * 60_000 for n in range(len(candles))]
            assert sum(candle[8] for candle in candles) == len(live)
            assert candles[0][1] == live[0]["p"]
            while not isinstance(exchange.ledger.events[-1], Quote) or exchange.ledger.events[-1].symbol != "BTCUSDT":
                await exchange.step()
            assert tape.quotes[-1].update_id > tape.depths[-1].last_id
            _, best, _ = await get(exchange, "/api/v3/ticker/bookTicker?symbol=BTCUSDT")
            assert (best["bidPrice"], best["askQty"]) == (tape.quotes[-1].bid, tape.quotes[-1].ask_quantity)
            _, now, _ = await get(exchange, "/api/v3/time")
            assert now["serverTime"] == exchange.now_us // 1000 >= START_US // 1000 + 180_000

    run(work())


def test_subscriptions_come_and_go() -> None:
    """A socket hears what it subscribed to, raw or combined, from then on and until it unsubscribes."""

    async def work() -> None:
        async with Exchange(two_symbols(), Binance()) as exchange, connect(f"{exchange.ws_url}/ws/btcusdt@trade") as ws:
            await exchange.step(200)
            messages = [json.loads(message) for message in await heard(ws)]
            assert {(m["e"], m["s"]) for m in messages} == {("trade", "BTCUSDT")}
            await ws.send('{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":1}')
            await ws.send('{"method":"SUBSCRIBE","params":["ethusdt@depth"],"id":"two"}')
            assert [json.loads(m) for m in await heard(ws)] == [
                {"result": None, "id": 1},
                {"result": None, "id": "two"},
            ]
            await exchange.step(200)
            assert {m["s"] for m in map(json.loads, await heard(ws))} == {"ETHUSDT"}

    run(work())


def test_limits_are_kept() -> None:
    """Too many requests get 429 with Retry-After, then 418; too many messages or streams end the connection."""

    async def work() -> None:
        weights = Weights(100, window_s=0.5, patience=2, ban_s=0.1)
        async with Exchange(two_symbols(), Binance(weights=weights)) as exchange:
            await exchange.step(50)
            statuses = [(await get(exchange, "/api/v3/trades?symbol=BTCUSDT"))[0] for _ in range(7)]
            assert statuses == [200, 200, 200, 200, 429, 429, 418]
            status, _, headers = await get(exchange, "/api/v3/time")
            assert (status, headers["Retry-After"]) == (418, "1")
            while (await get(exchange, "/api/v3/time"))[0] != 200:
                await asyncio.sleep(0.05)
            status, reply, headers = await get(exchange, "/api/v3/depth?symbol=NOPE")
            assert (status, reply) == (400, {"code": -1121, "msg": "Invalid symbol."})
            assert headers["X-MBX-USED-WEIGHT-1M"] == "6"
            async with connect(f"{exchange.ws_url}/ws") as ws:
                for n in range(6):
                    await ws.send(f'{{"method":"LIST_SUBSCRIPTIONS","id":{n}}}')
                assert (await heard_to_the_end(ws))[1] == 1008
            with pytest.raises(InvalidStatus):
                await connect(f"{exchange.ws_url}/stream?streams={'/'.join(f's{n}@trade' for n in range(1025))}")

    run(work())


def test_a_quiet_symbol_trades_seldom_while_time_goes_on() -> None:
    """Hours can pass without a trade; a symbol of which nothing can happen ends."""
    quiet, dead = (
        Generated("AAAUSDT", trades_per_s=1e-4, orders_per_s=1e-2),
        Generated("BBBUSDT", trades_per_s=0, orders_per_s=0),
    )
    market = Market([quiet, dead])
    market.advance_to(START_US + 3_600_000_000)
    assert market.now_us == START_US + 3_600_000_000
    assert len(market.tapes["AAAUSDT"].trades) < 20 < len(market.tapes["AAAUSDT"].depths)
    assert not market.tapes["BBBUSDT"].depths


def test_a_burst_of_100000_trades_arrives_whole() -> None:
    """Trades come as fast as the socket takes them, none lost, with ids that go on from those before and after."""

    async def work() -> None:
        async with Exchange(two_symbols(), Binance()) as exchange, aiohttp.ClientSession() as session:
            async with session.ws_connect(f"{exchange.ws_url}/ws/btcusdt@trade", max_msg_size=0) as ws:
                await exchange.step(500)
                sending = asyncio.ensure_future(exchange.burst("BTCUSDT", 100_000))
                before = exchange.market.tapes["BTCUSDT"].trades[0].trade_id
                for n in range(100_000):
                    message = await ws.receive()
                    assert f'"t":{before + n},' in message.data
                await sending
                await exchange.step(500)
            ids = [trade.trade_id for trade in exchange.market.tapes["BTCUSDT"].trades]
            assert ids == list(range(before, before + len(ids)))

    run(work())


def test_a_market_that_lasts_can_forget() -> None:
    """With a limit the ledger keeps the newest events under their numbers, and their books stay right."""

    async def work() -> None:
        market, whole = Market([Generated()], keep_events=1_000), Market([Generated()])
        async with Exchange(market, Binance()) as exchange, listen(exchange) as ws:
            for _ in range(100):
                await exchange.step(100)
            assert len(await heard(ws)) == 10_000
        whole.advance(10_000)
        ledger, tape, all_ = market.ledger, market.tapes["BTCUSDT"], whole.tapes["BTCUSDT"]
        assert 1_000 <= len(ledger.events) <= 2_100
        assert ledger.event(9_999) == whole.ledger.event(9_999) == ledger.events[-1]
        assert len(tape.depths) < len(all_.depths)
        for depth in tape.depths[::50]:
            assert tape.book_at(depth.last_id).bids == all_.book_at(depth.last_id).bids
        assert tape.trades_from(tape.trades[0].trade_id, 5) == tape.trades[:5] == all_.trades[-len(tape.trades) :][:5]

    run(work())


def test_going_by_rate_or_by_speed_keeps_the_pace() -> None:
    """A rate is events a second, a speed is venue time against real time."""

    async def work() -> None:
        async with Exchange(two_symbols(), Binance()) as exchange:
            begin_s = time.monotonic()
            await exchange.run(rate=4_000, seconds=0.3)
            assert len(exchange.ledger.events) == pytest.approx(4_000 * (time.monotonic() - begin_s), rel=0.1)
            begin_s, begin_us = time.monotonic(), exchange.now_us
            await exchange.run(speed=100, seconds=0.3)
            passed_s = (exchange.now_us - begin_us) / 1e6
            assert passed_s == pytest.approx(100 * (time.monotonic() - begin_s), rel=0.1)

    run(work())


# -- faults ------------------------------------------------------------------------------------------------------------


async def run_with(plan: Plan, events: int = 400, **options: Any) -> tuple[Exchange, list[bytes]]:
    """What one socket hears of so many events, with the faults ended after them."""
    async with Exchange(two_symbols(), Binance(), plan=plan) as exchange, listen(exchange, **options) as ws:
        numbers = await exchange.step(events)
        for wire in exchange.wires.values():
            wire.release()
        await asyncio.sleep(0)
        messages = await heard(ws)
        assert numbers == range(events)
        return exchange, messages


def expected(exchange: Exchange) -> list[bytes]:
    """What a socket would have heard without faults."""
    found = []
    for event in exchange.ledger.events:
        kind = {Trade: "trade", Quote: "bookTicker", Depth: "depth@100ms"}[type(event)]
        stream = f"{event.symbol.lower()}@{kind}".encode()
        found.append(b'{"stream":"%b","data":%b}' % (stream, Binance().encode(event)))
    return found


def test_without_faults_all_is_heard() -> None:
    """The control arm: a plan without faults changes nothing, with and without compression."""
    for plan in (Plan(), Plan(deflate=True), Plan(1, [Drop(rate=0.0)])):
        exchange, messages = run(run_with(plan, compression="deflate"))
        assert messages == expected(exchange)
        assert not exchange.ledger.injected


def test_dropped_messages_are_named() -> None:
    """What is not heard is exactly what the ledger calls withheld and never sent."""
    exchange, messages = run(run_with(Plan(1, [Drop(rate=0.1)])))
    lost = [entry.event for entry in exchange.ledger.injected if entry.event is not None]
    assert len(lost) > 20
    assert all(entry.withheld and entry.fault == "Drop" for entry in exchange.ledger.injected)
    assert messages == [message for n, message in enumerate(expected(exchange)) if n not in lost]
    never = [exchange.ledger.events[n] for n in lost]
    assert exchange.ledger.never_sent("BTCUSDT", Trade) == [
        e for e in never if isinstance(e, Trade) and e.symbol == "BTCUSDT"
    ]


@pytest.mark.parametrize(
    "fault", [Drop(after=10, times=1), Drop(after=10, times=1, only=Depth)], ids=["any", "depth only"]
)
def test_a_fault_can_be_aimed(fault: Fault) -> None:
    """`after`, `times` and `only` strike one message of one's choice."""
    exchange, messages = run(run_with(Plan(1, [fault])))
    (entry,) = exchange.ledger.injected
    kinds = [n for n, e in enumerate(exchange.ledger.events) if fault.only is None or isinstance(e, fault.only)]
    assert entry.event == kinds[10]
    assert len(messages) == 399


def test_doubled_and_disordered_messages_are_all_there() -> None:
    """Duplicates come twice, reordered messages late and across symbols, none is missing."""
    exchange, messages = run(run_with(Plan(1, [Duplicate(rate=0.1)])))
    assert len(messages) > 420
    assert list(dict.fromkeys(messages)) == expected(exchange)
    exchange, messages = run(run_with(Plan(1, [Reorder(rate=0.1, span=5)])))
    assert messages != expected(exchange)
    assert sorted(messages) == sorted(expected(exchange))
    first = exchange.ledger.injected[0].event
    assert first is not None
    assert messages.index(expected(exchange)[first]) == first + 5
    assert len(messages) == 400


@pytest.mark.parametrize("deflate", [False, True])
def test_split_messages_come_as_fragments(deflate: bool) -> None:
    """A split message is several websocket frames and one message."""

    async def work() -> None:
        plan = Plan(1, [Split(parts=4)], deflate=deflate)
        exchange = Exchange(two_symbols(), Binance(), plan=plan)
        async with exchange, listen(exchange, compression="deflate") as ws:
            await exchange.step(1)
            fragments = [part async for part in ws.recv_streaming(decode=False)]
            assert len([part for part in fragments if part]) == 4
            assert [b"".join(fragments)] == expected(exchange)

    run(work())


@pytest.mark.parametrize("lines", [False, True])
def test_merged_messages_come_as_one(lines: bool) -> None:
    """Merged messages are one JSON array, or one a line, and hold all that they should."""
    exchange, messages = run(run_with(Plan(1, [Merge(rate=0.1, count=4, lines=lines)])))
    merged = [m for m in messages if (b"\n" in m if lines else m.startswith(b"["))]
    assert merged
    flat: list[Any] = []
    for m in messages:
        several_ = [json.loads(line) for line in m.split(b"\n")] if lines else json.loads(m)
        flat += several_ if isinstance(several_, list) else [several_]
    assert flat == [json.loads(m) for m in expected(exchange)]


def test_delayed_messages_are_overtaken_and_stalled_ones_are_not() -> None:
    """A delay lets others pass; a stall holds up all that is behind it."""

    async def work(stall: bool) -> tuple[list[bytes], list[bytes], float]:
        plan = Plan(1, [Delay(seconds=0.1, times=1, after=50, stall=stall)])
        async with Exchange(two_symbols(), Binance(), plan=plan) as exchange, listen(exchange) as ws:
            begin_s = time.monotonic()
            await exchange.step(100)
            messages = [await ws.recv(decode=False) for _ in range(100)]
            return messages, expected(exchange), time.monotonic() - begin_s

    messages, right, took_s = run(work(False))
    assert messages == [*right[:50], *right[51:], right[50]]
    assert took_s >= 0.1
    messages, right, took_s = run(work(True))
    assert messages == right
    assert took_s >= 0.1


def test_a_mute_socket_stays_open_and_answers_pings() -> None:
    """It says nothing more (of one stream, or of all) until faults end, but is alive."""

    async def work() -> None:
        plan = Plan(1, [Mute(after=100)])
        async with Exchange(two_symbols(), Binance(), plan=plan) as exchange, listen(exchange) as ws:
            await exchange.step(300)
            assert len(await heard(ws)) == 100
            await (await ws.ping())
            last = await exchange.quiesce()
            assert len(await heard(ws)) == len(last)

    run(work())
    exchange, messages = run(run_with(Plan(1, [Mute(after=50, one_stream=True, times=1)])))
    struck = [exchange.ledger.events[entry.event] for entry in exchange.ledger.injected if entry.event is not None]
    silent = {(type(event), event.symbol) for event in struck}
    assert len(silent) == 1
    assert len(messages) + len(exchange.ledger.injected) == 400
    exchange, messages = run(run_with(Plan(1, [Mute(after=50, messages=30, times=1)])))
    assert messages == expected(exchange)[:50] + expected(exchange)[80:]


def test_connections_end_as_told() -> None:
    """A reset is 1006, a shutdown is announced and is 1001, an old connection is closed; what came before is heard."""

    async def ends(fault: Fault) -> tuple[Exchange, list[bytes], int]:
        async with Exchange(two_symbols(), Binance(), plan=Plan(1, [fault])) as exchange, listen(exchange) as ws:
            await exchange.step(300)
            return exchange, *await heard_to_the_end(ws)

    exchange, messages, code = run(ends(Abort(after=200, times=1)))
    assert (messages, code) == (expected(exchange)[:200], 1006)
    exchange, messages, code = run(ends(Shutdown(after=200, times=1, grace_s=0.05)))
    assert json.loads(messages[200])["data"]["e"] == "serverShutdown"
    assert (len(messages), code) == (301, 1001)
    exchange, messages, code = run(ends(Cut(seconds=0.1)))
    assert (messages, code) == (expected(exchange), 1000)


def test_unreadable_unknown_and_huge_messages_come_in_between() -> None:
    """They are inserted, or stand in a message's place; the others are untouched."""
    exchange, messages = run(run_with(Plan(1, [Malformed(rate=0.1)])))
    right = set(expected(exchange))
    assert [m for m in messages if m in right] == expected(exchange)
    assert len(messages) == 400 + len(exchange.ledger.injected) > 420
    exchange, messages = run(run_with(Plan(1, [Malformed(rate=0.1, replace=True)])))
    assert len(messages) == 400
    assert len([m for m in messages if m not in right]) == len(exchange.ledger.injected) > 20
    exchange, messages = run(run_with(Plan(1, [Unknown(times=1)])))
    assert json.loads(messages[0])["data"]["e"] == "moonPhase"
    exchange, messages = run(run_with(Plan(1, [Huge(times=1)])))
    assert len(messages[0]) == 2 * 2**20
    assert messages[0].rstrip() == expected(exchange)[0]


def test_connections_and_requests_are_refused() -> None:
    """503 so many times, then all is well; a refusal says how long to wait; a reply breaks off."""

    async def work() -> None:
        plan = Plan(1, [Refuse(times=2), RestError(times=1, status=429, retry_after_s=2), RestGarbled(times=1)])
        async with Exchange(two_symbols(), Binance(), plan=plan) as exchange:
            for _ in range(2):
                with pytest.raises(InvalidStatus) as refused:
                    await listen(exchange)
                assert refused.value.response.status_code == 503
            async with listen(exchange) as ws:
                await exchange.step(10)
                assert len(await heard(ws)) == 10
            status, _, headers = await get(exchange, "/api/v3/time")
            assert (status, headers["Retry-After"]) == (429, "2")
            with pytest.raises(ValueError):
                await get(exchange, "/api/v3/exchangeInfo")
            assert (await get(exchange, "/api/v3/time"))[0] == 200
            assert [entry.fault for entry in exchange.ledger.injected] == ["Refuse"] * 2 + ["RestError", "RestGarbled"]

    run(work())


def test_snapshots_are_stale_or_slow() -> None:
    """A stale snapshot is an older true book, a slow one arrives after the market has gone on."""

    async def work() -> None:
        plan = Plan(1, [StaleSnapshot(times=1, depths=10), SlowSnapshot(times=1, after=1, seconds=0.1)])
        async with Exchange(two_symbols(), Binance(), plan=plan) as exchange:
            await exchange.step(1_000)
            tape = exchange.market.tapes["BTCUSDT"]
            _, old, _ = await get(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5000")
            assert old["lastUpdateId"] == tape.depths[-11].last_id < tape.depths[-1].first_id
            assert dict(old["bids"]) == tape.book_at(old["lastUpdateId"]).bids
            now = tape.book()
            asking = asyncio.ensure_future(get(exchange, "/api/v3/depth?symbol=BTCUSDT&limit=5000"))
            while len(exchange.ledger.injected) < 2:
                await asyncio.sleep(0.005)
            await exchange.step(1_000)
            assert not asking.done()
            assert dict((await asking)[1]["asks"]) == now.asks

    run(work())


def test_the_clock_jumps() -> None:
    """Later events and the venue's time are stamped by the clock as it then is, and the market keeps its pace."""
    for seconds in (3600.0, -3600.0):
        market, calm = two_symbols(), two_symbols()
        exchange = Exchange(market, Binance(), plan=Plan(0, [ClockStep(seconds=seconds, event=100)]))
        market.clock_steps[100] = round(seconds * 1e6)
        market.advance(200)
        calm.advance(200)
        stamps = [(a.ts_us - b.ts_us) / 1e6 for a, b in zip(market.ledger.events, calm.ledger.events, strict=True)]
        assert stamps == [0.0] * 100 + [seconds] * 100
        assert (exchange.now_us - calm.now_us) / 1e6 == seconds


def test_the_same_seed_gives_the_same_messages() -> None:
    """A socket hears the same of the same seed, faults and all, and something else of another."""

    def heard_of(seed: int) -> tuple[list[bytes], list[Any]]:
        faults = [Drop(rate=0.05), Duplicate(rate=0.05), Reorder(rate=0.05), Malformed(rate=0.05), Merge(rate=0.02)]
        exchange, messages = run(run_with(Plan(seed, faults)))
        return messages, exchange.ledger.injected

    assert heard_of(1) == heard_of(1)
    assert heard_of(1)[0] != heard_of(2)[0]
    assert repr(Plan.random(5)) == repr(Plan.random(5)) != repr(Plan.random(6))


@pytest.mark.parametrize("seed", range(6))
def test_after_the_faults_all_converges(seed: int) -> None:
    """A client that comes back and pages through the trades it lacks has them all once faults have ended."""

    async def work() -> None:
        async with Exchange(two_symbols(seed), Binance(), plan=Plan.random(seed, 2)) as exchange:
            have: set[tuple[str, int]] = set()

            async def client() -> None:
                while True:
                    try:
                        async with listen(exchange, compression="deflate") as ws:
                            async for text in ws:
                                try:
                                    message = json.loads(text)["data"]
                                    if message["e"] == "trade" and 0 < float(message["p"]) < 1e9:
                                        have.add((message["s"], message["t"]))
                                except (ValueError, KeyError, TypeError):
                                    continue
                    except (InvalidStatus, ConnectionClosed, OSError):
                        await asyncio.sleep(0.001)

            going = asyncio.ensure_future(client())
            for _ in range(40):
                await exchange.step(50)
                await asyncio.sleep(0.001)
            while not exchange.sockets:
                await asyncio.sleep(0.001)
            await exchange.quiesce()
            while not all(
                (tape.instrument.symbol, tape.trades[-1].trade_id) in have for tape in exchange.market.tapes.values()
            ):
                await asyncio.sleep(0.01)
                if not exchange.sockets:
                    await exchange.quiesce()
            going.cancel()
            for symbol, tape in exchange.market.tapes.items():
                first = tape.trades[0].trade_id
                _, page, _ = await get(exchange, f"/api/v3/historicalTrades?symbol={symbol}&fromId={first}&limit=1000")
                stored = {n for name, n in have if name == symbol} | {trade["id"] for trade in page}
                assert verdict.trades(tape, stored).ok
                lacking = {t.trade_id for t in exchange.ledger.never_sent(symbol, Trade)}
                assert lacking.isdisjoint(n for name, n in have if name == symbol)

    run(work())


# -- the oracle --------------------------------------------------------------------------------------------------------


def tape_of(events: int = 3_000) -> Tape:
    market = Market([Generated("BTCUSDT", seed=3)])
    market.advance(events)
    return market.tapes["BTCUSDT"]


def trade_rows(tape: Tape) -> list[dict[str, Any]]:
    return [
        {
            "trade_id": str(t.trade_id),
            "price": float(t.price),
            "quantity": float(t.quantity),
            "side": "sell" if t.buyer_is_maker else "buy",
            "ts": t.ts_us,
        }
        for t in tape.trades
    ]


def book_rows(tape: Tape, snapshot_at: int, levels: int = 5_000) -> list[dict[str, Any]]:
    """A snapshot before the depth update of that number, and all updates from it on."""

    def row(kind: str, update_id: int, bids: Any, asks: Any) -> dict[str, Any]:
        sides = {"bid": [(float(p), float(q)) for p, q in bids], "ask": [(float(p), float(q)) for p, q in asks]}
        columns = {
            f"{side}_{what}": [level[n] for level in levels_]
            for side, levels_ in sides.items()
            for n, what in enumerate(("prices", "sizes"))
        }
        return {"kind": kind, "update_id": update_id} | columns

    last_id = tape.depths[snapshot_at - 1].last_id
    return [
        row("snapshot", last_id, *tape.book_at(last_id).top(levels)),
        *(row("delta", depth.last_id, depth.bids, depth.asks) for depth in tape.depths[snapshot_at:]),
    ]


def test_the_oracle_sees_every_difference_in_trades() -> None:
    """Lost, doubled, declared though stored, invented and wrong trades are told apart by id."""
    tape = tape_of()
    rows = trade_rows(tape)
    first = tape.trades[0].trade_id
    assert verdict.trades(tape, rows).ok
    found = verdict.trades(tape, [row for n, row in enumerate(rows) if n not in (5, 6, 9)], [(first + 5, first + 7)])
    assert (found.lost, found.declared, found.declared_but_stored) == ([first + 9], [first + 5, first + 6], [first + 7])
    assert verdict.trades(tape, [*rows, rows[3]]).doubled == [first + 3]
    assert verdict.trades(tape, [first - 1, *range(first, tape.trades[-1].trade_id + 1)]).invented == [first - 1]
    assert verdict.trades(tape, rows, [(first - 5, first - 1)]).declared_but_never_made == [first - 5, first - 1]
    assert len(verdict.trades(tape, [rows[0] | {"price": 1.0}, *rows[1:]]).wrong) == 1
    assert verdict.trades(tape, rows[10:], since=first + 10).ok


def test_the_oracle_sees_every_difference_in_quotes() -> None:
    """Values that differ at an update id, unknown ids and doubled rows are faults; missing quotes are only named."""
    tape = tape_of()
    rows = [
        {"update_id": q.update_id, "bid": float(q.bid), "bid_size": float(q.bid_quantity), "ask": float(q.ask), "ask_size": float(q.ask_quantity)}
        for q in tape.quotes
    ]  # fmt: skip
    found = verdict.quotes(tape, rows[1:])
    assert (found.ok, found.missing) == (True, [rows[0]["update_id"]])
    assert len(verdict.quotes(tape, [rows[0] | {"ask_size": 0.5}]).wrong) == 1
    assert verdict.quotes(tape, [rows[0] | {"update_id": 5}]).invented == [5]
    assert verdict.quotes(tape, [rows[0], rows[0]]).doubled == [rows[0]["update_id"]]


def test_the_oracle_sees_every_difference_in_books() -> None:
    """A lost update, another level and a doubled row are seen; a gap that is declared is no fault."""
    tape = tape_of()
    rows = book_rows(tape, 50)
    found = verdict.book(tape, rows)
    assert found.ok
    assert found.compared > 4
    lost = rows[:300] + rows[301:]
    gone = rows[300]["update_id"]
    assert verdict.book(tape, lost).lost == [gone]
    found = verdict.book(tape, lost, [(gone, gone)])
    assert (found.ok, found.declared, len(found.unanchored)) == (True, [gone], len(rows) - 301)
    again = book_rows(tape, 350 + 50)
    found = verdict.book(tape, [*lost[:350], again[0], *again[1:]], [(gone, gone)])
    assert found.ok
    assert len(found.unanchored) < 60
    changed = rows[300] | {"bid_prices": [*rows[300]["bid_prices"], 1.0], "bid_sizes": [*rows[300]["bid_sizes"], 1.0]}
    assert verdict.book(tape, [*rows[:300], changed, *rows[301:]]).wrong
    wrong = rows[0] | {"ask_sizes": [9.0, *rows[0]["ask_sizes"][1:]]}
    assert verdict.book(tape, [wrong, *rows[1:]]).wrong
    assert verdict.book(tape, [*rows, rows[5]]).doubled == [rows[5]["update_id"]]
    assert verdict.book(tape, rows[:-1]).lost == [rows[-1]["update_id"]]


def test_a_snapshot_cut_short_is_judged_as_deep_as_it_goes() -> None:
    """Levels below a cut snapshot are unknown, not wrong; those within it must be there."""
    tape = tape_of()
    rows = book_rows(tape, 50, levels=20)
    assert verdict.book(tape, rows).ok
    cut = {
        name: values[:5] + values[6:] if isinstance(values, list) and "bid" in name else values
        for name, values in rows[0].items()
    }
    assert verdict.book(tape, [cut, *rows[1:]]).wrong


# -- the program -------------------------------------------------------------------------------------------------------


def test_the_program_serves_until_it_is_told_to_end() -> None:
    """It prints its URLs, obeys /control, hands out its ledger and ends with 0 at SIGTERM."""
    command = [sys.executable, "-m", "tests.exchange", "--symbols", "BTCUSDT,ETHUSDT", "--paused", "--seed", "7"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            url = json.loads(program.stdout.readline())["rest_url"]
            with urlopen(Request(f"{url}/control/step?events=500", method="POST"), timeout=10) as reply:
                assert json.load(reply)["events"] == 500
            with urlopen(f"{url}/control/ledger?symbol=BTCUSDT&kind=trades", timeout=10) as reply:
                trades = [Trade(*json.loads(line)) for line in reply]
            same = Market([Generated("BTCUSDT", seed=7), Generated("ETHUSDT", seed=7)])
            same.advance(500)
            assert trades == same.tapes["BTCUSDT"].trades
            program.send_signal(signal.SIGTERM)
            assert program.wait(10) == 0
        finally:
            program.kill()
