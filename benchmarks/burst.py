"""A burst of trades as fast as the socket takes them: what is lost, and how long it takes, here and with ccxt.pro.

    python -m benchmarks.burst [--trades 100_000] [--rounds 3]

The simulated Binance is a process of its own, and so is each who listens. `tapeql collect` is done when the last trade
can be queried, the others when it is delivered to their user, who keeps nothing. `bare` is a websocket read and
forgotten: nothing in Python hears more.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.exchange.generator import Generated

from benchmarks.daemons import ROOT, Simulator, collector, simulator, taken, until

SYMBOL = "BTCUSDT"
WARM = 500
"""Trades sent before: imports and first calls are no part of a burst."""

FIRST_ID = Generated(SYMBOL).first_trade_id + WARM
LISTENERS = {"bare": "a bare websocket", "ccxt": "ccxt.pro, default", "ccxt-limit": "ccxt.pro, tradesLimit=100000"}


@dataclass(frozen=True, slots=True)
class Burst:
    """`wall_s` from the command to the last trade; `cpu_s` of whoever listened."""

    came: int
    unique: int
    wall_s: float
    cpu_s: float


def stored(trades: int, folder: Path) -> Burst:
    """By `tapeql collect`, into a lake."""
    import tapeql
    from tapeql.storage.lake import Lake

    lake = Lake(folder / "lake")

    def shows(trade_id: int) -> bool:
        return bool((lake.last("ticks", "binance", SYMBOL) or {}).get("seq") == trade_id)

    with (
        simulator([SYMBOL], "--paused") as exchange,
        collector([SYMBOL], ["ticks"], exchange.environ(), folder) as collecting,
    ):
        collecting.live(1)
        exchange.command(f"burst?symbol={SYMBOL}&trades={WARM}")
        until(lambda: shows(FIRST_ID - 1), "the first trades")
        before = taken(collecting.pid)
        begin_s = _burst(exchange, trades)
        until(lambda: shows(FIRST_ID + trades - 1), "the last trade", every_s=0.05)
        wall_s = time.monotonic() - begin_s
        cpu_s = taken(collecting.pid).cpu_s - before.cpu_s
        with tapeql.connect(str(folder / "lake")) as db:
            seq = db.query(f"TICKS FROM binance:{SYMBOL}").column("seq").to_pylist()[WARM:]
        return Burst(len(seq), len(set(seq)), wall_s, cpu_s)


def delivered(name: str, trades: int) -> Burst:
    """To a listener that keeps nothing."""
    with simulator([SYMBOL], "--paused") as exchange:
        command = [sys.executable, "-m", "benchmarks.listeners", name, exchange.ws_url, exchange.rest_url, SYMBOL]
        with subprocess.Popen(
            [*command, str(FIRST_ID + trades - 1)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        ) as listener:
            exchange.subscribed(f"{SYMBOL.lower()}@trade")
            exchange.command(f"burst?symbol={SYMBOL}&trades={WARM}")
            time.sleep(1)
            before = taken(listener.pid)
            begin_s = _burst(exchange, trades)
            said = json.loads(listener.communicate(timeout=300)[0])
    return Burst(
        said["delivered"] - WARM, said["unique"] - WARM, said["last_s"] - begin_s, said["cpu_s"] - before.cpu_s
    )


def _burst(exchange: Simulator, trades: int) -> float:
    """Begins it; returns when."""
    begin_s = time.monotonic()
    command = f"burst?symbol={SYMBOL}&trades={trades}"
    threading.Thread(target=exchange.command, args=(command,), daemon=True).start()
    return begin_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    runs: dict[str, list[Burst]] = {"tapeql collect, stored": [], **{title: [] for title in LISTENERS.values()}}
    for _ in range(asked.rounds):
        with tempfile.TemporaryDirectory(prefix="tapeql-burst-") as folder:
            runs["tapeql collect, stored"].append(stored(asked.trades, Path(folder)))
        for name, title in LISTENERS.items():
            runs[title].append(delivered(name, asked.trades))
    print(f"{asked.trades:,} trades in one burst, medians of {asked.rounds} rounds in turn\n")
    print("| | trades | lost | twice | seconds to the last | messages/s | messages per CPU second |")
    print("|---|---|---|---|---|---|---|")
    for title, bursts in runs.items():
        unique, twice = median(b.unique for b in bursts), median(b.came - b.unique for b in bursts)
        # All messages are read, also those whose trades are lost.
        wall_s, cpu_s = median(b.wall_s for b in bursts), median(b.cpu_s for b in bursts)
        lost = asked.trades - unique
        print(
            f"| {title} | {unique:,.0f} | {lost:,.0f} ({lost / asked.trades:.0%}) | {twice:,.0f} | {wall_s:.2f} "
            f"| {asked.trades / wall_s:,.0f} | {asked.trades / cpu_s:,.0f} |"
        )


if __name__ == "__main__":
    main()
