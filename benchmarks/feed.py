"""How many messages a second one core decodes, puts in order and journals: recorded frames, the collector's own path.

python -m benchmarks.feed [--data DIR] [--messages N]
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import os
import tempfile
import time
from pathlib import Path

from tapeql.collect.clock import steady_clock
from tapeql.collect.collector import Collector
from tapeql.collect.journal import Journal
from tapeql.collect.link import FRAMES_A_TURN, Link
from tapeql.collect.watched import Watched
from tapeql.connectors import venue_named
from tapeql.connectors.binance.decode import decode
from tapeql.connectors.binance.markets import SPOT
from tapeql.connectors.events import KINDS
from tapeql.connectors.settings import settings_of
from tapeql.storage.lake import Lake

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def frames(data: Path) -> list[bytes]:
    """The websocket messages of the recorded spot session."""
    path = data / "wire" / "binance" / "spot_btcusdt_20240808.raw.gz"
    raw = [line.split(b" ", 1)[1] for line in gzip.decompress(path.read_bytes()).splitlines() if line]
    return [frame for frame in raw if frame.startswith(b'{"stream"')]


async def run(recorded: list[bytes], messages: int, folder: Path) -> dict[str, float]:
    """Decodes and journals `messages` frames; ids move on with each repetition, so that every trade is a new one."""
    rounds = -(-messages // len(recorded))
    trades = sum(b"@trade" in frame for frame in recorded)
    stream = [_moved(frame, n, trades) for n in range(rounds) for frame in recorded][:messages]
    venue = venue_named("binance")
    watched = Watched(settings_of(venue, {}), ("BTCUSDT",), KINDS)
    clock = steady_clock()
    with Journal(folder / "journal") as journal:
        collector = Collector([watched], Lake(folder / "lake"), journal, clock)
        link = Link(venue.connector(watched.settings, clock), {kind: ["BTCUSDT"] for kind in KINDS}, collector.take)
        recording = asyncio.create_task(collector.recorder.run())
        begin_s, begin_cpu_s = time.perf_counter(), time.process_time()
        for n, frame in enumerate(stream):
            while collector.recorder.full:
                await asyncio.sleep(0.001)
            collector.take(link, decode(SPOT, frame, clock()))
            if n % FRAMES_A_TURN == 0:
                await asyncio.sleep(0)
        await collector.recorder.drained()
        wall_s, cpu_s = time.perf_counter() - begin_s, time.process_time() - begin_cpu_s
        recording.cancel()
        return {
            "messages": len(stream),
            "journalled": collector.counts.journalled,
            "journal_mb": journal.appended_bytes / 1e6,
            "messages_per_s": len(stream) / wall_s,
            "messages_per_cpu_s": len(stream) / cpu_s,
        }


def _moved(frame: bytes, n: int, trades: int) -> bytes:
    """The same message with the ids of the n-th repetition: trades go on without a hole."""
    if n == 0:
        return frame
    import msgspec

    message = msgspec.json.decode(frame)
    payload = message["data"]
    for name, step in (("t", trades), ("u", 10**7), ("U", 10**7)):
        if name in payload:
            payload[name] += n * step
    return msgspec.json.encode(message)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("TAPEQL_SHARED_DATA") or DATA))
    parser.add_argument("--messages", type=int, default=500_000)
    options = parser.parse_args()
    recorded = frames(options.data)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(run(recorded, options.messages, Path(folder)))
    for name, value in figures.items():
        print(f"{name:20} {value:>14,.0f}")


if __name__ == "__main__":
    main()
