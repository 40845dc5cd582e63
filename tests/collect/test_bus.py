"""What every live bus does: one suite for the bus in memory and the one on a real Redis server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from tapeql.collect.bus import open_bus
from tapeql.collect.bus.contract import Bus, Message, Missed, Subscription
from tapeql.collect.bus.memory import MemoryBus
from tapeql.collect.bus.redis import RedisBus
from tapeql.errors import DataError
from tests.servers import RedisServer

Make = Callable[..., Bus]


def in_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Runs an async test, for half a minute at most."""

    @wraps(test)
    def run(**given: Any) -> None:
        async def limited() -> None:
            await asyncio.wait_for(test(**given), 30)

        asyncio.run(limited())

    return run


@pytest.fixture(params=["memory", "redis"])
def make(request: pytest.FixtureRequest) -> Make:
    """`make(entries=…, idle_s=…)`: the same bus, each time as another user of it sees it."""
    if request.param == "memory":
        made: list[MemoryBus] = []

        def one(**options: Any) -> Bus:
            made.extend([] if made else [MemoryBus(**options)])
            return made[0]

        return one
    server: RedisServer = request.getfixturevalue("redis_server")
    return lambda **options: RedisBus(server.url, **options)


@asynccontextmanager
async def closing(*buses: Bus) -> AsyncIterator[None]:
    try:
        yield
    finally:
        for bus in buses:
            await bus.close()


async def take(subscription: Subscription, count: int) -> list[Message | Missed]:
    return [await asyncio.wait_for(anext(subscription), 10) for _ in range(count)]


async def nothing(subscription: Subscription) -> bool:
    """Whether nothing comes. It ends the subscription."""
    try:
        await asyncio.wait_for(anext(subscription), 0.1)
    except TimeoutError:
        return True
    return False


def messages(stream: str, *positions: int) -> list[Message]:
    return [Message(stream, p, b"%d" % p) for p in positions]


async def publish(bus: Bus, stream: str, *positions: int) -> None:
    await bus.publish([(stream, p, b"%d" % p) for p in positions])


@in_loop
async def test_what_is_published_comes(make: Make) -> None:
    """A follower gets what is published after it entered, of its streams, in order; payloads are any bytes."""
    bus = make()
    async with closing(bus):
        await publish(bus, "a", 1)
        async with bus.subscribe(["a", "b"]) as following:
            await bus.publish([("a", 2, b"\x00\r\n\xff"), ("b", 2, b""), ("c", 2, b"no")])
            assert {m.stream: m for m in await take(following, 2) if isinstance(m, Message)} == {
                "a": Message("a", 2, b"\x00\r\n\xff"),
                "b": Message("b", 2, b""),
            }
            for position in range(3, 2000, 100):
                await publish(bus, "a", *range(position, position + 100))
            assert await take(following, 2000) == messages("a", *range(3, 2003))
            assert await nothing(following)


@in_loop
async def test_a_position_is_on_a_stream_once(make: Make) -> None:
    """Publishing again what is there already changes nothing, whoever does it; `last` says how far a stream is."""
    bus, other = make(), make()
    async with closing(bus, other):
        assert await bus.last(["a", "b"]) == [None, None]
        assert await bus.last([]) == []
        await publish(bus, "a", 5, 6, 7)
        await publish(other, "a", 5, 6, 7, 8)
        await publish(bus, "a", 3, 8, 8, 9)
        await bus.publish([])
        assert await bus.last(["b", "a"]) == [None, 9]
        assert await take(bus.subscribe(["a"], after=0), 5) == messages("a", 5, 6, 7, 8, 9)


@in_loop
async def test_replay_from_a_position(make: Make) -> None:
    """A follower may begin behind any position, of each stream or of all, and then goes on with what comes."""
    bus = make()
    async with closing(bus):
        await publish(bus, "a", *range(1, 1500))
        await publish(bus, "b", 1, 2, 3)
        async with bus.subscribe(["a", "b"], after={"a": 1400}) as some:
            await publish(bus, "b", 1501)
            assert await take(some, 100) == [*messages("a", *range(1401, 1500)), *messages("b", 1501)]
        assert await take(bus.subscribe(["a"], after=0), 1499) == messages("a", *range(1, 1500))
        everything = bus.subscribe(["b", "a"], after=1498)
        assert sorted(m.position for m in await take(everything, 2) if isinstance(m, Message)) == [1499, 1501]


@in_loop
async def test_a_stream_is_bounded_and_says_what_was_missed(make: Make) -> None:
    """Who follows more slowly than the bus forgets is told between which positions it must look elsewhere."""
    bus = make(entries=1000)
    async with closing(bus), bus.subscribe(["a"], after=0) as slow:
        await publish(bus, "a", 1, 2)
        assert await take(slow, 2) == messages("a", 1, 2)
        await publish(bus, "a", *range(3, 5000))
        missed, first, *_ = await take(slow, 1001)
        assert isinstance(missed, Missed)
        assert isinstance(first, Message)
        assert missed == Missed("a", 2, first.position)
        assert 3800 < first.position <= 4000
        assert await nothing(slow) is (first.position == 4000)
        # The oldest that is kept was asked for: nothing is missed.
        assert isinstance((await take(bus.subscribe(["a"], after=0), 1))[0], Message)
        behind = await take(bus.subscribe(["a"], after=100), 1)
        assert isinstance(behind[0], Missed)


@in_loop
async def test_the_streams_are_known(make: Make) -> None:
    """Streams are listed by the beginning of their names, whatever characters these have."""
    bus = make()
    async with closing(bus):
        names = ["x:a", "x:b*", "x:b]", "y:a", "x:é"]
        for name in names:
            await publish(bus, name, 1)
        async with bus.subscribe(["x:never"], group="g", consumer="c"):
            assert await bus.streams() == sorted(names)
            assert await bus.streams("x:") == sorted(n for n in names if n.startswith("x:"))
            assert await bus.streams("x:b*") == ["x:b*"]
            assert await bus.streams("?") == []


@in_loop
async def test_a_group_shares_a_stream(make: Make) -> None:
    """Each message goes to one consumer of a group; another group gets all of them."""
    bus = make()
    async with closing(bus):
        await publish(bus, "a", *range(1, 11))
        one = bus.subscribe(["a"], after=0, group="g", consumer="one")
        two = bus.subscribe(["a"], after=0, group="g", consumer="two")
        assert await take(one, 10) == messages("a", *range(1, 11))
        async with two:
            await bus.ack("g", "a", range(1, 11))
            await publish(bus, "a", 11)
            got = await asyncio.wait([asyncio.ensure_future(anext(s)) for s in (one, two)], timeout=0.5)
            assert [task.result() for task in got[0]] == messages("a", 11)
            for task in got[1]:
                task.cancel()
        assert await take(bus.subscribe(["a"], after=4, group="h", consumer="one"), 7) == messages("a", *range(5, 12))


@in_loop
async def test_what_is_not_acknowledged_comes_again(make: Make) -> None:
    """A consumer that comes back gets what it left unacknowledged, then what is new; without `ack` nothing is lost."""
    bus = make()
    async with closing(bus):
        await publish(bus, "a", 1, 2, 3, 4)
        async with bus.subscribe(["a"], after=0, group="g", consumer="one") as first:
            assert await take(first, 4) == messages("a", 1, 2, 3, 4)
            await bus.ack("g", "a", [1, 3])
            await bus.ack("nobody", "a", [2])
            await bus.ack("g", "nothing", [2])
        await publish(bus, "a", 5)
        async with bus.subscribe(["a"], group="g", consumer="one") as again:
            assert await take(again, 3) == messages("a", 2, 4, 5)
            await bus.ack("g", "a", [2, 4, 5])
        async with bus.subscribe(["a"], group="g", consumer="one") as third:
            await publish(bus, "a", 6)
            assert await take(third, 1) == messages("a", 6)


@in_loop
async def test_a_dead_consumers_messages_go_to_another(make: Make) -> None:
    """What a consumer has not acknowledged for the idle time is given to one that still asks."""
    bus, other = make(idle_s=0.4), make(idle_s=0.4)
    async with closing(bus, other):
        await publish(bus, "a", 1, 2, 3)
        dead = bus.subscribe(["a"], after=0, group="g", consumer="dead")
        assert await take(dead, 3) == messages("a", 1, 2, 3)
        await bus.ack("g", "a", [2])
        await dead.aclose()
        began = time.monotonic()
        async with other.subscribe(["a"], group="g", consumer="alive") as alive:
            assert await take(alive, 2) == messages("a", 1, 3)
            assert time.monotonic() - began > 0.2
            await other.ack("g", "a", [1, 3])
            await publish(bus, "a", 4)
            assert await take(alive, 1) == messages("a", 4)


@in_loop
async def test_a_forgotten_message_of_a_group_is_missed(make: Make) -> None:
    """What was never acknowledged, and the bus no longer keeps, is told as missed instead of given again."""
    bus = make(entries=100)
    async with closing(bus):
        await publish(bus, "a", 1, 2)
        async with bus.subscribe(["a"], after=0, group="g", consumer="one") as first:
            assert await take(first, 2) == messages("a", 1, 2)
            await bus.ack("g", "a", [1])
        await publish(bus, "a", *range(3, 2000))
        async with bus.subscribe(["a"], group="g", consumer="one") as again:
            assert Missed("a", 1, 3) in await take(again, 2)


@in_loop
async def test_closing_ends_those_who_follow(make: Make) -> None:
    """A subscription ends, instead of raising, when the bus is closed, also while it waits."""
    bus = make()
    following = bus.subscribe(["a"])
    async with following:
        waiting = asyncio.create_task(anext(following, None))
        await asyncio.sleep(0.05)
        await bus.close()
        assert await waiting is None


@in_loop
async def test_a_cancelled_follower_leaves_the_bus_sound(make: Make) -> None:
    """Publishers and followers cancelled in the middle do not disturb the next call."""
    bus = make()
    async with closing(bus), bus.subscribe(["a"], after=0) as following:
        for position in range(1, 30):
            tasks = [
                asyncio.create_task(publish(bus, "a", position)),
                asyncio.create_task(bus.streams()),
            ]
            await asyncio.sleep(0.0001 * (position % 5))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            assert await bus.streams("a") in (["a"], [])
        try:
            await publish(bus, "a", 1000)
        except Exception:
            await publish(bus, "a", 1000)
        found = [m.position async for m in _until(following, 1000)]
        assert found == sorted(set(found))


async def _until(following: Subscription, position: int) -> AsyncIterator[Message]:
    async for message in following:
        assert isinstance(message, Message)
        yield message
        if message.position == position:
            return


def test_a_group_needs_a_consumer(make: Make) -> None:
    """A group without a name for its consumer, or the other way round, is refused."""
    with pytest.raises(ValueError, match="come together"):
        make().subscribe(["a"], group="g")


@pytest.mark.parametrize("url", ["kafka://x:secret@h", "http://u:secret@h/", "secret", "redis//secret", "rediss"])
def test_urls_of_other_kinds(url: str) -> None:
    """A URL no bus speaks is refused with what could be named instead, and not repeated: it may hold a password."""
    with pytest.raises(DataError, match=r"name memory:, redis://HOST:PORT or rediss://HOST:PORT") as refused:
        open_bus(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["redis://u:a/secret@h:1/0", "redis://u:a#secret@h", "redis://h:secret/0", "redis://[h"]
)
def test_urls_that_cannot_be_read(url: str) -> None:
    """A URL that cannot be read is refused with how to write one, and not repeated."""
    with pytest.raises(DataError, match="cannot be read; it is redis://") as refused:
        open_bus(url)
    assert "secret" not in str(refused.value)


def test_the_default_is_in_memory() -> None:
    """Without a URL the bus is in this process, and needs no other packages."""
    assert isinstance(open_bus(), MemoryBus)
    assert isinstance(open_bus("memory:"), MemoryBus)
    program = "import sys; from tapeql.collect.bus import open_bus; open_bus(); print('redis' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=60
    )
    assert ran.stdout == "False\n", ran.stderr


def test_without_redis_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is missing, the error says how to install it."""
    for name in [
        name for name in sys.modules if name.split(".")[0] == "redis" or name.endswith(("bus.redis", "bus.connection"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(DataError, match=r"pip install 'tapeql\[feeds\]'"):
        open_bus("redis://localhost")
