"""A collector killed at random moments, under load: nothing is lost in silence, nothing is stored twice.

    python -m tests.collect.kill --rounds 200 [--seed 1] [--store postgres]

The exchange lives in this process and goes on while the collector, a process of its own, is killed with SIGKILL and
started again. At the end it may catch up, is asked to stop with SIGTERM, and the store is held against the ledger.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from tapeql.storage.stores import open_store
from tests.collect.account import Account, account
from tests.exchange.binance import Binance, Weights
from tests.exchange.generator import Generated
from tests.exchange.market import Market
from tests.exchange.server import Exchange
from tests.servers import PostgresServer, free_port, postgres_binaries

MUCH = 1_000_000
SYMBOLS = ("BTCUSDT", "ETHUSDT", "NKNUSDT")
CATCH_UP_S = 60.0


async def killed(
    rounds: int,
    folder: Path,
    where: str,
    *,
    seed: int = 1,
    rate: float = 400.0,
    program: Sequence[str] = ("-m", "tapeql"),
) -> list[Account]:
    """The accounts of all symbols after so many kills. Raises AssertionError where the last run does not end well."""
    dice = random.Random(seed)
    sources = [
        Generated("BTCUSDT", seed=seed, orders_per_s=40, trades_per_s=12),
        Generated("ETHUSDT", seed=seed, orders_per_s=20, trades_per_s=5),
        Generated("NKNUSDT", seed=seed, orders_per_s=1, trades_per_s=0.3),
    ]
    market = Market(sources, seed=seed)
    async with Exchange(market, Binance(weights=Weights(MUCH))) as exchange:
        exchange.start(rate=rate)
        for n in range(rounds):
            process, port = await _started(exchange, folder, where, program)
            if n:
                await asyncio.sleep(dice.uniform(0.0, 1.5))
            else:
                await _settled(exchange, port)
            process.kill()
            await process.wait()
        process, port = await _started(exchange, folder, where, program)
        await _settled(exchange, port)
        await exchange.stop()
        await exchange.quiesce()
        await _settled(exchange, port)
        process.send_signal(signal.SIGTERM)
        status = await asyncio.wait_for(process.wait(), 60)
        assert status == 0, f"the collector ended with {status}"
    store = open_store(where)
    return [account(store, "binance", symbol, tape, every_quote=True) for symbol, tape in market.tapes.items()]


async def _started(
    exchange: Exchange, folder: Path, where: str, program: Sequence[str]
) -> tuple[asyncio.subprocess.Process, int]:
    port = free_port()
    place = ["--store", where] if where.startswith("postgresql://") else ["--lake", where]
    log = open(folder / "collector.log", "a")  # noqa: SIM115
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program, "collect", f"binance:{','.join(SYMBOLS)}", "--ticks", "--quotes", "--book"),
        *("--journal", str(folder / "journal"), "--metrics", f"127.0.0.1:{port}", *place),
        env={**os.environ, **exchange.environ(), "TAPEQL_BINANCE_WEIGHT_LIMIT": str(MUCH)},
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
    )
    log.close()
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    assert b"collects" in line, line
    return process, port


async def _settled(exchange: Exchange, port: int) -> None:
    """Until every symbol is live, whole and up to date."""
    deadline_s = time.monotonic() + CATCH_UP_S
    said = None
    while time.monotonic() < deadline_s:
        await asyncio.sleep(0.1)
        try:
            said = await asyncio.to_thread(_status, port)
        except OSError:
            continue
        symbols = {each["symbol"]: each for each in said["venues"][0]["symbols"]}
        if said["state"] == "collecting" and all(
            len(each["live"]) == 3 and each["book_known"] and not each["missing"] and each["last_trade_us"]
            for each in symbols.values()
        ):
            return
    raise AssertionError(f"the collector does not catch up: {said}")


def _status(port: int) -> dict[str, object]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=5) as reply:
        return json.load(reply)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", choices=("lake", "postgres"), default="lake")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tapeql-kill-"))
    began_s = time.monotonic()
    if options.store == "postgres":
        binaries = postgres_binaries()
        assert binaries is not None, "no PostgreSQL server is installed"
        with PostgresServer(binaries, folder / "postgres") as server:
            accounts = asyncio.run(killed(options.rounds, folder, server.create_database(), seed=options.seed))
    else:
        accounts = asyncio.run(killed(options.rounds, folder, str(folder / "lake"), seed=options.seed))
    for each in accounts:
        print(each)
    ok = all(each.ok for each in accounts)
    print(
        f"{options.rounds} kills in {time.monotonic() - began_s:.0f} s: {'all accounted for' if ok else f'FAILED, see {folder}'}"
    )
    if ok:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
