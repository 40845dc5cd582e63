"""A server under two queries that want everything at once: the memory it takes, and what its other clients notice.

    python -m benchmarks.bombs [--trades 24_000_000] [--clients 64] [--seconds 30] [--lake DIR]

Clients ask for an hour of candles each, one request after another with a pause, first alone, then beside two others that
sort all trades and compute ten indicators over all of them, again and again. A bomb may answer or end with an error that names
its limit. Printed: the median and the 99th percentile of the clients with both, and the server's largest resident memory.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles

import pyarrow.flight as fl

from benchmarks import tape
from benchmarks.server import serve

ALL = f"FROM {tape.VENUE}:*"
BOMBS = (
    f"TICKS {ALL} ORDER BY price DESC",
    f"CANDLES 1s {ALL} ADD " + ", ".join(f"rsi({n}) AS r{n}" for n in range(5, 15)) + " ORDER BY r5",
)
PAUSE_S = 0.5
POLL_S = 0.05


def point(client: int, symbols: int) -> str:
    day = 1 + client % 9
    code = tape.codes(symbols)[client % symbols]
    return (
        f"CANDLES 1m FROM {tape.VENUE}:{code} DURING 2025-01-{day:02d}T10:00Z .. 2025-01-{day:02d}T11:00Z ADD sma(20)"
    )


class Watch(threading.Thread):
    """The largest resident memory of a process while it is watched, in MB."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak, self._file, self._ended = 0.0, Path(f"/proc/{pid}/statm"), threading.Event()

    @property
    def now(self) -> float:
        return int(self._file.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def run(self) -> None:
        while not self._ended.wait(POLL_S):
            self.peak = max(self.peak, self.now)

    def end(self) -> None:
        self._ended.set()
        self.join()


def asked(address: str, text: str) -> str:
    """How one request ended: "rows", or the words of its error."""
    client = fl.connect(address)
    try:
        for _ in client.do_get(fl.Ticket(text)):
            pass
    except (fl.FlightError, OSError, MemoryError) as error:
        return str(error).partition(". Detail")[0].splitlines()[0][:160]
    finally:
        client.close()
    return "rows"


def crowd(address: str, clients: int, symbols: int, seconds: float, bombs: bool) -> tuple[list[float], Counter[str]]:
    """The seconds of every request of the clients, and how the bombs and failed requests ended."""
    until = time.perf_counter() + seconds
    taken: list[float] = []
    ends: Counter[str] = Counter()

    def ask(number: int) -> None:
        time.sleep(PAUSE_S * number / clients)
        client, text = fl.connect(address), point(number, symbols)
        while time.perf_counter() < until:
            begin = time.perf_counter()
            try:
                client.do_get(fl.Ticket(text)).read_all()
            except fl.FlightError as error:
                ends[f"client: {str(error).splitlines()[0][:120]}"] += 1
            taken.append(time.perf_counter() - begin)
            time.sleep(PAUSE_S)

    def burst(text: str) -> None:
        while time.perf_counter() < until:
            ends[f"{text[:14]}…: {asked(address, text)}"] += 1

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(clients)]
    threads += [threading.Thread(target=burst, args=(text,)) for text in BOMBS if bombs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken, ends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trades", type=int, default=24_000_000)
    parser.add_argument("--symbols", type=int, default=4)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--lake", type=Path, help="where the lake is, or is made and left")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tapeql-bombs-") as made:
        lake = told.lake or Path(made) / "lake"
        tape.build(lake, told.symbols, told.trades, 10)
        server, address = serve(lake)
        try:
            crowd(address, told.clients, told.symbols, 5, bombs=False)
            print(f"{told.clients} clients | median ms | p99 ms | peak MB of the server")
            for bombs in (False, True):
                watch = Watch(server.pid)
                watch.start()
                taken, ends = crowd(address, told.clients, told.symbols, told.seconds, bombs)
                watch.end()
                name = "beside bombs" if bombs else "alone"
                print(
                    f"{name} | {1000 * median(taken):.0f} | {1000 * quantiles(taken, n=100)[98]:.0f} | {watch.peak:.0f}",
                    flush=True,
                )
                for end, times in sorted(ends.items()):
                    print(f"    {times} x {end}")
            time.sleep(5)
            print(f"five seconds later: {Watch(server.pid).now:.0f} MB")
        finally:
            server.terminate()
            server.wait(30)


if __name__ == "__main__":
    main()
