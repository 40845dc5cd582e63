"""A Redis server that goes away under load and comes back without its memory."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tapeql.collect.bus import open_bus
from tapeql.collect.bus.contract import BusDown, Message, Missed
from tapeql.collect.bus.publisher import Publisher
from tapeql.collect.bus.redis import RedisBus
from tapeql.collect.journal import Journal
from tests.collect.test_bus import closing, in_loop, messages, publish, take
from tests.servers import RedisServer

STREAMS = ("a", "b", "c")


def soon(attempt: int) -> float:
    return random.uniform(0, 0.05)


def split(payload: bytes) -> Iterator[tuple[str, bytes]]:
    """A number goes to one stream of three, the tenth ones to all."""
    number = int(payload)
    for place, stream in enumerate(STREAMS):
        if number % 3 == place or number % 10 == 0:
            yield stream, payload


def numbers(stream: str, end: int) -> list[int]:
    return [n for n in range(end) if stream in dict(split(b"%d" % n))]


async def load(journal: Journal, start: int, end: int) -> None:
    """Numbers into the journal, a few at a time."""
    for first in range(start, end, 20):
        journal.append([b"%d" % n for n in range(first, min(first + 20, end))])
        await asyncio.sleep(0.001)


async def follow(bus: RedisBus, found: dict[str, list[int]], missed: list[Missed], end: int) -> None:
    """Until the last number has come on every stream."""
    async for message in bus.subscribe(STREAMS, after=0):
        if isinstance(message, Missed):
            missed.append(message)
        else:
            found[message.stream].append(int(message.payload))
            if all(numbers_found and numbers_found[-1] == end for numbers_found in found.values()):
                return


async def wait_until(done: object) -> None:
    assert callable(done)
    while not done():
        await asyncio.sleep(0.005)


@in_loop
async def test_a_restart_under_load_loses_nothing(redis_server: RedisServer, tmp_path: Path) -> None:
    """Through restarts that lose all memory, a follower gets each message of the journal once and in order."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    end = 6000
    bus, other = RedisBus(redis_server.url, backoff_s=soon), RedisBus(redis_server.url, backoff_s=soon)
    found: dict[str, list[int]] = {stream: [] for stream in STREAMS}
    missed: list[Missed] = []
    with Journal(tmp_path / "journal") as journal:
        async with closing(bus, other):
            publisher = Publisher(journal, bus, "bus", split, backoff_s=soon)
            publishing = asyncio.create_task(publisher.run())
            loading = asyncio.create_task(load(journal, 0, end + 1))
            following = asyncio.create_task(follow(other, found, missed, end))
            for _ in range(3):
                await asyncio.sleep(chance.uniform(0.05, 0.15))
                redis_server.stop()
                await asyncio.sleep(chance.uniform(0, 0.1))
                assert redis_server.start()
            await loading
            await following
            assert found == {stream: numbers(stream, end + 1) for stream in STREAMS}
            assert missed == []
            await wait_until(lambda: journal.depth_bytes("bus") == 0)
            # One who begins now finds the stream whole, too: what the server lost was published again.
            again = await take(other.subscribe(["a"], after=0), len(numbers("a", end + 1)))
            assert [int(m.payload) for m in again if isinstance(m, Message)] == numbers("a", end + 1)
            publishing.cancel()


class Forward(Publisher):
    """One that only goes on where it was."""

    async def _place(self) -> int:
        await super()._place()
        return self._done


@pytest.mark.parametrize("kind", [Publisher, Forward])
@in_loop
async def test_what_nobody_had_read_yet_is_published_again(
    redis_server: RedisServer, tmp_path: Path, kind: type[Publisher]
) -> None:
    """Messages lost with the server before a follower read them come again; without going back (control) they are lost."""
    bus, other = RedisBus(redis_server.url, backoff_s=soon), RedisBus(redis_server.url, backoff_s=soon)
    with Journal(tmp_path / "journal") as journal:
        async with closing(bus, other), other.subscribe(["a"], after=0) as following:
            publishing = asyncio.create_task(kind(journal, bus, "bus", split, backoff_s=soon).run())
            await load(journal, 0, 1000)
            await wait_until(lambda: journal.acknowledged("bus") == journal.last)
            redis_server.stop()
            assert redis_server.start()
            await load(journal, 1000, 1200)
            await wait_until(lambda: journal.acknowledged("bus") == journal.last)
            (first,) = await take(following, 1)
            assert isinstance(first, Message)
            assert int(first.payload) == (0 if kind is Publisher else 1000)
            publishing.cancel()


@in_loop
async def test_without_publishing_again_a_restart_loses(redis_server: RedisServer) -> None:
    """Control: a publisher that only tries the failed call again leaves a hole, and the follower is told of it."""
    bus, other = RedisBus(redis_server.url, backoff_s=soon), RedisBus(redis_server.url, backoff_s=soon)
    async with closing(bus, other), other.subscribe(["a"], after=0) as following:
        await publish(bus, "a", *range(1, 50))
        assert await take(following, 49) == messages("a", *range(1, 50))
        # Lost before the follower reads them.
        await publish(bus, "a", *range(50, 100))
        redis_server.stop()
        assert redis_server.start()
        with pytest.raises(BusDown):
            await publish(bus, "a", 100)
        await publish(bus, "a", 100)
        assert await take(following, 2) == [Missed("a", 49, 100), *messages("a", 100)]


@in_loop
async def test_a_loss_between_two_calls_is_told(redis_server: RedisServer) -> None:
    """A server restarted while nobody spoke to it is noticed before anything is published into its empty streams."""
    bus = RedisBus(redis_server.url)
    async with closing(bus):
        await publish(bus, "a", 1, 2)
        redis_server.stop()
        with pytest.raises(BusDown, match="cannot be used"):
            await bus.last(["a"])
        assert redis_server.start()
        assert await bus.last(["a"]) == [None]
        with pytest.raises(BusDown, match="may have lost their ends"):
            await publish(bus, "a", 3)
        assert await bus.last(["a"]) == [None]
        await publish(bus, "a", 1, 2, 3)
        assert await bus.last(["a"]) == [3]


@in_loop
async def test_a_publisher_that_was_restarted_notices(redis_server: RedisServer, tmp_path: Path) -> None:
    """Where the server lost its memory while no publisher ran, the next one publishes again what the journal has."""
    with Journal(tmp_path / "journal") as journal:
        for restarted in (False, True):
            bus = RedisBus(redis_server.url)
            async with closing(bus):
                publisher = Publisher(journal, bus, "bus", split)
                publishing = asyncio.create_task(publisher.run())
                if not restarted:
                    await load(journal, 0, 1000)
                    await wait_until(lambda: journal.depth_bytes("bus") == 0 and journal.acknowledged("bus"))
                else:
                    journal.append([b"1000"])
                found = await take(bus.subscribe(["b"], after=0), len(numbers("b", 1001 if restarted else 1000)))
                assert [int(m.payload) for m in found if isinstance(m, Message)] == numbers("b", 1000 + restarted)
                publishing.cancel()
            if not restarted:
                redis_server.stop()
                assert redis_server.start()


@in_loop
async def test_a_restart_that_lost_nothing_repeats_nothing(redis_server: RedisServer, tmp_path: Path) -> None:
    """A publisher that starts again goes on where it was, and what was published and not acknowledged is dropped."""
    with Journal(tmp_path / "journal") as journal:
        bus = RedisBus(redis_server.url)
        async with closing(bus):
            first = Publisher(journal, bus, "bus", split)
            task = asyncio.create_task(first.run())
            await load(journal, 0, 100)
            await wait_until(lambda: journal.acknowledged("bus") == journal.last)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            (tmp_path / "journal" / "bus.ack").write_text("0")
            journal._acknowledged["bus"] = 0
            second = Publisher(journal, bus, "bus", split)
            task = asyncio.create_task(second.run())
            await load(journal, 100, 110)
            await wait_until(lambda: journal.acknowledged("bus") == journal.last)
            assert second.published == sum(len(list(split(b"%d" % n))) for n in range(100, 110))
            found = await take(bus.subscribe(STREAMS, after=0), first.published + second.published)
            assert max(Counter((m.stream, m.payload) for m in found if isinstance(m, Message)).values()) == 1
            task.cancel()


@in_loop
async def test_a_bus_that_is_away_stops_no_recording(tmp_path: Path, redis_server: RedisServer) -> None:
    """With the bus away the journal deletes what only the bus still wants before it refuses, and the loss is told."""
    redis_server.stop()
    bus = RedisBus(redis_server.url)
    lost: list[tuple[int, int]] = []
    with Journal(tmp_path / "journal", segment_bytes=1000, limit_bytes=4000) as journal:
        journal.register("store")
        publisher = Publisher(
            journal, bus, "bus", split, backoff_s=soon, on_loss=lambda after, before: lost.append((after, before))
        )
        async with closing(bus):
            publishing = asyncio.create_task(publisher.run())
            begin = journal.append([b"0"])
            for number in range(1, 300):
                journal.acknowledge("store", journal.append([b"%d" % number]))
            await wait_until(lambda: publisher.error)
            assert publisher.error is not None
            assert "cannot be used" in publisher.error
            oldest = journal.oldest
            assert begin < oldest
            assert redis_server.start()
            await wait_until(lambda: journal.acknowledged("bus") == journal.last)
            assert lost == [(0, oldest)]
            assert publisher.error is None
            publishing.cancel()


@in_loop
async def test_a_group_begins_again(redis_server: RedisServer) -> None:
    """A server that lost its memory lost its groups: they begin again behind what was acknowledged, and nothing is lost."""
    bus = RedisBus(redis_server.url, backoff_s=soon)
    async with closing(bus), bus.subscribe(["a"], after=0, group="g", consumer="one") as following:
        await publish(bus, "a", *range(1, 11))
        assert await take(following, 10) == messages("a", *range(1, 11))
        await bus.ack("g", "a", [1, 2, 3, 5])
        redis_server.stop()
        waiting = asyncio.create_task(take(following, 3))
        await asyncio.sleep(0.02)
        assert redis_server.start()
        with pytest.raises(BusDown):
            await publish(bus, "a", 11)
        await publish(bus, "a", *range(1, 13))
        # Those given and not acknowledged are in our hands; 5 was, and the new server cannot know.
        assert await waiting == messages("a", 5, 11, 12)
        await bus.ack("g", "a", range(4, 13))
        await publish(bus, "a", 13)
        assert await take(following, 1) == messages("a", 13)


@in_loop
async def test_no_secret_is_told(redis_server: RedisServer, tmp_path: Path) -> None:
    """What the bus says of a server that refuses or is away names it, without user, password and options."""
    with RedisServer(redis_server._program, tmp_path, password="s3cret/@ x") as server:
        port = server.url.rpartition(":")[2].partition("/")[0]
        good = open_bus(f"redis://:s3cret%2F%40%20x@127.0.0.1:{port}/0")
        wrong = open_bus(f"redis://user:wr0ng%2F@127.0.0.1:{port}/0?client_name=wr0ng/")
        async with closing(good, wrong):
            await publish(good, "a", 1)
            with pytest.raises(BusDown, match=f"the bus redis://127.0.0.1:{port}/0 cannot be used") as refused:
                await publish(wrong, "a", 1)
            server.stop()
            with pytest.raises(BusDown) as away:
                await publish(good, "a", 2)
            for error in (refused, away):
                assert not any(word in str(error.value) for word in ("s3cret", "wr0ng", "user:"))


@in_loop
async def test_a_server_that_refuses_keeps_the_order(redis_server: RedisServer) -> None:
    """Where memory is full nothing of a call is taken, so that no message is dropped later for one behind it."""
    bus = RedisBus(redis_server.url)
    async with closing(bus):
        await publish(bus, "a", 1)
        (was,) = await bus._asking.call(("CONFIG", "SET", "maxmemory", "1"))
        assert was == b"OK"
        with pytest.raises(BusDown, match="maxmemory"):
            await publish(bus, "a", 2, 3)
        await bus._asking.call(("CONFIG", "SET", "maxmemory", "0"))
        assert await bus.last(["a"]) == [1]
        await publish(bus, "a", 2, 3)
        assert await take(bus.subscribe(["a"], after=0), 3) == messages("a", 1, 2, 3)
