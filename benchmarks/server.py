"""The sentence on a warm server, and the throughput of its streams.

    python -m benchmarks.server [--rounds 200] [--rows 5_000_000]

Overhead: a plain Flight client asks for the sentence end to end (GetFlightInfo and DoGet), against the engine running
the same plan in a process of its own; the difference of the medians is everything else.
Throughput: TICKS over Flight against a Flight server that holds the same table in memory.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pyarrow.flight as fl

import tapeql
from benchmarks import tape

SENTENCE = "CANDLES 1h FROM binance:SYM00USDT WHERE premarket AND spread_pct < 0.05 AND close > sma(20)"


class InMemory(fl.FlightServerBase):
    """Streams one table, ready in memory."""

    def __init__(self, table: object) -> None:
        super().__init__("grpc://127.0.0.1:0")
        self._table = table

    def do_get(self, context: object, ticket: object) -> object:
        return fl.RecordBatchStream(self._table)


def seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def serve(lake: Path) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "tapeql", "--lake", str(lake), "serve", "--flight", "127.0.0.1:0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    line = server.stdout.readline()
    return server, next(word for word in line.split() if word.startswith("grpc://"))


def overhead(address: str, lake: Path, rounds: int) -> None:
    from tapeql.language.parse import parse
    from tapeql.plan.build import build
    from tapeql.query.settings import Settings
    from tapeql.run.execute import execute
    from tapeql.storage.lake import Lake
    from tapeql.words.resolve import resolve

    snapshot = Lake(lake).snapshot()
    (statement,) = parse(SENTENCE).statements
    plan = build(resolve(statement, snapshot, Settings(), {}, time.time_ns() // 1000, SENTENCE), snapshot)
    client = fl.connect(address)

    def whole() -> None:
        info = client.get_flight_info(fl.FlightDescriptor.for_command(SENTENCE))
        client.do_get(info.endpoints[0].ticket).read_all()

    def engine() -> None:
        execute(plan, snapshot).table()

    for _ in range(10):
        whole()
        engine()
    taken = [(seconds(whole), seconds(engine)) for _ in range(rounds)]
    whole_ms, engine_ms = (1000 * median(times) for times in zip(*taken, strict=True))
    print(f"the sentence over Flight {whole_ms:.2f} ms, its engine {engine_ms:.2f} ms, "
          f"everything else {whole_ms - engine_ms:.2f} ms (medians of {rounds} in turn)")  # fmt: skip


def throughput(address: str, lake: Path, rounds: int) -> None:
    text = "TICKS FROM binance:*"
    with tapeql.connect(str(lake)) as db:
        table = db.query(text)
    raw = InMemory(table)
    threading.Thread(target=raw.serve, daemon=True).start()
    memory, server = fl.connect(f"grpc://127.0.0.1:{raw.port}"), fl.connect(address)

    def drain(client: fl.FlightClient, ticket: str) -> None:
        for _ in client.do_get(fl.Ticket(ticket)):
            pass

    drain(memory, "x"), drain(server, text)
    taken = [(seconds(lambda: drain(memory, "x")), seconds(lambda: drain(server, text))) for _ in range(rounds)]
    in_memory, streamed = (table.nbytes / 1e6 / median(times) for times in zip(*taken, strict=True))
    print(f"TICKS over Flight {streamed:.0f} MB/s, a table in memory {in_memory:.0f} MB/s: {streamed / in_memory:.2f} "
          f"({table.num_rows:,} rows, {table.nbytes / 1e6:.0f} MB, medians of {rounds} in turn)")  # fmt: skip
    raw.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--rows", type=int, default=5_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lake = Path(folder) / "lake"
        tape.build(lake, 2, asked.rows, 5, quotes=100_000)
        small = Path(folder) / "small"
        tape.build(small, 1, 50_000, 3, quotes=30_000)
        for path, run, rounds in ((small, overhead, asked.rounds), (lake, throughput, max(asked.rounds // 40, 3))):
            server, address = serve(path)
            try:
                run(address, path, rounds)
            finally:
                server.terminate()
                server.wait(20)


if __name__ == "__main__":
    main()
