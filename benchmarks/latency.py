"""From the venue's socket to a query: how long a trade takes until it can be asked for, in the lake, in PostgreSQL and
on the live bus.

    python -m benchmarks.latency [--seconds 60] [--only lake postgres bus]

Ten symbols, 500 trades a second in all, with quotes and books. The simulated exchange notes when it hands each trade to
the socket; a process beside asks for the newest trades again and again, so the time of its query is included. The
servers are those of the tests: PostgreSQL does not wait for the disk there.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import shutil
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np
from tests.exchange.binance import Binance, Weights
from tests.exchange.generator import Generated
from tests.exchange.market import Event, Market, Trade
from tests.exchange.server import Exchange, Socket
from tests.servers import PostgresServer, RedisServer, postgres_binaries

from benchmarks.daemons import KINDS, MUCH, collector

SYMBOLS: Final = [f"SYM{n}USDT" for n in range(10)]
WARM_S: Final = 8.0
"""Imports, first queries; not counted."""

LATE_S: Final = 5.0
"""The watcher goes on so long behind the last trade."""

PAUSE_S: Final = 0.01
"""Between two queries: a watcher that never rests takes a core from those it watches."""

Seen = tuple[str, int, int]
"""(symbol, its newest trade id, when an answer showed it: monotonic ns)"""


class Stamped(Binance):
    """Notes when each trade is handed to the socket, in monotonic ns, which all processes share."""

    def __init__(self) -> None:
        super().__init__(weights=Weights(MUCH))
        self.handed_ns: dict[str, dict[int, int]] = {symbol: {} for symbol in SYMBOLS}

    def messages(self, socket: Socket, number: int, event: Event) -> Iterable[bytes]:
        if isinstance(event, Trade):
            self.handed_ns[event.symbol][event.trade_id] = time.monotonic_ns()
        return super().messages(socket, number, event)


# ── those who ask ─────────────────────────────────────────────────────────────────────────────────────────────────────


def ask_lake(where: str) -> Iterator[list[tuple[str, int]]]:
    """By a sentence, as a user asks."""
    import tapeql
    from tapeql.errors import TapeQLError

    with tapeql.connect(where) as db:
        while True:
            try:
                rows = db.query("TICKS FROM binance:* DURING last 10s")
            except TapeQLError:
                yield []  # nothing is stored yet
                continue
            newest = rows.group_by("symbol").aggregate([("seq", "max")]).to_pydict()
            yield [
                (symbol.rpartition(":")[2], seq)
                for symbol, seq in zip(newest["symbol"], newest["seq_max"], strict=True)
            ]


def ask_postgres(where: str) -> Iterator[list[tuple[str, int]]]:
    import psycopg

    select = (
        "SELECT symbol, max(seq) FROM ticks WHERE venue = 'binance' AND symbol = ANY(%s) "
        "AND ts > now() - interval '10 seconds' GROUP BY symbol"
    )
    with psycopg.connect(where, autocommit=True) as connection:
        while True:
            try:
                yield connection.execute(select, (SYMBOLS,)).fetchall()
            except psycopg.errors.UndefinedTable:
                yield []


def watch_by_asking(ask: Callable[[str], Iterator[list[tuple[str, int]]]], where: str, told: Connection) -> None:
    seen: list[Seen] = []
    asked_s: list[float] = []
    answers = ask(where)
    while not told.poll():
        begin_s = time.monotonic()
        answer = next(answers)
        asked_s.append(time.monotonic() - begin_s)
        now_ns = time.monotonic_ns()
        seen += [(symbol, trade_id, now_ns) for symbol, trade_id in answer]
        time.sleep(PAUSE_S)
    told.send((seen, asked_s))


def watch_bus(_: Any, where: str, told: Connection) -> None:
    from tapeql.collect.bus import open_bus
    from tapeql.collect.bus.contract import Message
    from tapeql.collect.recorder import decode
    from tapeql.collect.streams import stream_of
    from tapeql.connectors.events import Trade as Kept

    seen: list[Seen] = []

    async def follow() -> None:
        async with open_bus(where).subscribe([stream_of("binance", symbol) for symbol in SYMBOLS]) as messages:
            async for message in messages:
                if isinstance(message, Message):
                    trades = [event for event in decode(message.payload) if isinstance(event, Kept)]
                    if trades:
                        seen.append((trades[-1].symbol, trades[-1].seq, time.monotonic_ns()))

    async def until_told() -> None:
        following = asyncio.create_task(follow())
        while not told.poll():
            await asyncio.sleep(0.2)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(until_told())
    told.send((seen, []))


# ── the measurement ───────────────────────────────────────────────────────────────────────────────────────────────────


async def measured(place: list[str], watch: Any, ask: Any, where: str, seconds: float, folder: Path) -> str:
    """One row of the table."""
    venue = Stamped()
    now_us = time.time_ns() // 1000
    sources = [Generated(symbol, start_us=now_us, orders_per_s=40, trades_per_s=50) for symbol in SYMBOLS]
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    with ExitStack() as stack:
        async with Exchange(Market(sources, keep_events=200_000), venue) as exchange:
            environ = exchange.environ() | {"TAPEQL_BINANCE_WEIGHT_LIMIT": str(MUCH)}
            collecting = stack.enter_context(collector(SYMBOLS, KINDS, environ, folder, place))
            await asyncio.to_thread(collecting.live, len(KINDS))
            watcher = spawn.Process(target=watch, args=(ask, where, theirs))
            watcher.start()
            exchange.start()
            await asyncio.sleep(WARM_S)
            begin_ns = time.monotonic_ns()
            await asyncio.sleep(seconds)
            end_ns = time.monotonic_ns()
            # The market goes on, so that what is late now is not the last there is.
            await asyncio.sleep(LATE_S)
            ours.send("enough")
            seen, asked_s = await asyncio.to_thread(ours.recv)
            await asyncio.to_thread(watcher.join)
            await exchange.stop()
            await asyncio.to_thread(stack.close)
    waits_ms, unseen = waited_ms(venue.handed_ns, seen, begin_ns, end_ns)
    p50, p90, p99 = np.percentile(waits_ms, (50, 90, 99))
    query = f"{1000 * float(np.median(asked_s)):.1f}" if asked_s else "–"
    return f"{len(waits_ms) + unseen:,} | {p50:.0f} | {p90:.0f} | {p99:.0f} | {max(waits_ms):.0f} | {unseen} | {query}"


def waited_ms(
    handed_ns: dict[str, dict[int, int]], seen: list[Seen], begin_ns: int, end_ns: int
) -> tuple[list[float], int]:
    """Of the trades handed over in that time: how long each took to be seen, and how many never were.

    Ids rise and nothing overtakes, so the newest id shown tells of all before it.
    """
    waits, unseen = [], 0
    for symbol, trades in handed_ns.items():
        shown = [(trade_id, at_ns) for name, trade_id, at_ns in seen if name == symbol]
        newest = np.maximum.accumulate([trade_id for trade_id, _ in shown] or [0])
        for trade_id, at_ns in trades.items():
            if begin_ns <= at_ns < end_ns:
                first = bisect_left(newest, trade_id)
                if first < len(shown):
                    waits.append((shown[first][1] - at_ns) / 1e6)
                else:
                    unseen += 1
    return waits, unseen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", nargs="+", choices=("lake", "postgres", "bus"), default=("lake", "postgres", "bus"))
    asked = parser.parse_args()
    print(
        "| ms from the socket to | trades | p50 | p90 | p99 | most | never | a query takes |\n|---|---|---|---|---|---|---|---|"
    )
    for name in asked.only:
        with tempfile.TemporaryDirectory(prefix="tapeql-latency-") as made, ExitStack() as servers:
            folder = Path(made)
            lake = str(folder / "lake")
            if name == "lake":
                title, place, watch, ask, where = (
                    "a TICKS query of the lake",
                    ["--lake", lake],
                    watch_by_asking,
                    ask_lake,
                    lake,
                )
            elif name == "postgres":
                binaries = postgres_binaries()
                if binaries is None:
                    raise SystemExit("no PostgreSQL server is installed")
                where = servers.enter_context(PostgresServer(binaries, folder / "db")).create_database()
                title, place, watch, ask = "a SELECT in PostgreSQL", ["--store", where], watch_by_asking, ask_postgres
            else:
                program = shutil.which("redis-server")
                if program is None:
                    raise SystemExit("no redis-server is installed")
                where = servers.enter_context(RedisServer(program, folder)).url
                title, place, watch, ask = "a subscriber of the bus", ["--lake", lake, "--bus", where], watch_bus, None
            row = asyncio.run(measured(place, watch, ask, where, asked.seconds, folder))
            print(f"| {title} | {row} |", flush=True)


if __name__ == "__main__":
    main()
