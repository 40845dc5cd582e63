"""The live bus: from publish to receive, at a steady rate, and as fast as it goes; in memory and on a Redis server.

    python -m benchmarks.bus [--messages 50_000] [--rate 1000] [--size 300] [--streams 20] [--group 100]

The Redis server is started here, without a disk, and shares the machine's cores with publisher and follower, which are
two users of it in one process.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from pathlib import Path

from tests.servers import RedisServer

from tapeql.collect.bus.contract import Bus, Message
from tapeql.collect.bus.memory import MemoryBus
from tapeql.collect.bus.redis import RedisBus


async def latency(bus: Bus, other: Bus, asked: argparse.Namespace) -> None:
    """Groups of ten messages at the asked rate; each says when it was published."""
    streams = [f"latency:{n}" for n in range(asked.streams)]
    count = min(asked.messages, 5 * asked.rate)
    taken: list[float] = []

    async def follow() -> None:
        async with other.subscribe(streams) as following:
            ready.set()
            async for message in following:
                assert isinstance(message, Message)
                taken.append(time.perf_counter() - float(message.payload[:24]))
                if len(taken) == count:
                    return

    ready = asyncio.Event()
    following = asyncio.create_task(follow())
    await ready.wait()
    for first in range(0, count, 10):
        due = time.perf_counter()
        said = b"%-24s" % repr(due).encode() + bytes(asked.size - 24)
        await bus.publish([(streams[n % len(streams)], 1 + n, said) for n in range(first, first + 10)])
        await asyncio.sleep(max(0.0, 10 / asked.rate - (time.perf_counter() - due)))
    await following
    taken.sort()
    p50, p99 = (1000 * taken[int(len(taken) * share)] for share in (0.5, 0.99))
    print(f"  publish to receive at {asked.rate:,}/s: p50 {p50:.2f} ms, p99 {p99:.2f} ms", flush=True)


async def throughput(bus: Bus, other: Bus, asked: argparse.Namespace) -> None:
    streams = [f"throughput:{n}" for n in range(asked.streams)]
    payload = os.urandom(asked.size)
    count = asked.messages // asked.group * asked.group

    async def follow() -> None:
        async with other.subscribe(streams) as following:
            ready.set()
            for _ in range(count):
                assert isinstance(await anext(following), Message)

    ready = asyncio.Event()
    following = asyncio.create_task(follow())
    await ready.wait()
    start = time.perf_counter()
    for first in range(0, count, asked.group):
        await bus.publish([(streams[n % len(streams)], 1 + n, payload) for n in range(first, first + asked.group)])
        if isinstance(bus, MemoryBus):
            await asyncio.sleep(0)
    published = time.perf_counter() - start
    await following
    received = time.perf_counter() - start
    print(f"  published {count / published:,.0f} messages/s, received {count / received:,.0f} messages/s", flush=True)


async def measure(what: str, bus: Bus, other: Bus, asked: argparse.Namespace) -> None:
    print(what)
    await latency(bus, other, asked)
    await throughput(bus, other, asked)
    await bus.close()
    await other.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--rate", type=int, default=1000, help="messages a second")
    parser.add_argument("--size", type=int, default=300, help="bytes of a payload")
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--group", type=int, default=100, help="messages of a publish")
    asked = parser.parse_args()
    memory = MemoryBus()
    asyncio.run(measure("memory", memory, memory, asked))
    program = shutil.which("redis-server")
    if program is None:
        print("no redis-server is installed")
        return
    with tempfile.TemporaryDirectory() as folder, RedisServer(program, Path(folder)) as server:
        asyncio.run(measure("redis", RedisBus(server.url), RedisBus(server.url), asked))


if __name__ == "__main__":
    main()
