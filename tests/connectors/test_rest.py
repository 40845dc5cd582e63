"""REST to servers on loopback that misbehave."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Callable, Mapping

import pytest
from aiohttp import web

from tapeql.connectors.rest import Rest, TokenBucket
from tapeql.errors import ConnectionFailed, VenueError
from tests.connectors.loopback import Answer, answering
from tests.servers import free_port

SECRET = "tell-nobody-7f3a"


def rest(url: str, *, tries: int = 3, timeout_s: float = 5.0) -> Rest:
    budget = TokenBucket(1000, 1000, time.monotonic)
    return Rest(
        "Acme",
        url,
        budget,
        lambda status, body: body.decode(),
        headers={"X-Key": SECRET},
        tries=tries,
        timeout_s=timeout_s,
    )


def ask(answer: Answer, path: str = "/x", tries: int = 3, timeout_s: float = 5.0) -> bytes:
    async def run() -> bytes:
        async with answering(answer) as url:
            client = rest(url, tries=tries, timeout_s=timeout_s)
            try:
                return await client.get(path)
            finally:
                await client.close()

    return asyncio.run(asyncio.wait_for(run(), 30))


def in_turn(*answers: Callable[[], web.Response]) -> tuple[Answer, list[float]]:
    """Answers one after the other, the last one for ever; and when it was asked."""
    asked: list[float] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(time.monotonic())
        return answers[min(len(asked), len(answers)) - 1]()

    return answer, asked


def refusal(status: int, text: str = "no", headers: Mapping[str, str] | None = None) -> Callable[[], web.Response]:
    return lambda: web.Response(status=status, text=text, headers=headers)


def good() -> web.Response:
    return web.Response(text="good")


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "0.4"},
        {"Retry-After": "Thu, 08 Aug 2024 23:54:41 GMT", "Date": "Thu, 08 Aug 2024 23:54:40 GMT"},
    ],
)
def test_the_wait_a_venue_asks_for_is_kept(headers: dict[str, str]) -> None:
    """In seconds or as a date by the venue's own clock."""
    answer, asked = in_turn(refusal(429, headers=headers), good)
    assert ask(answer) == b"good"
    assert asked[1] - asked[0] >= (0.4 if headers["Retry-After"] == "0.4" else 1.0)


def test_the_wait_holds_for_whatever_is_asked_next() -> None:
    """A refusal after the last try still makes the next request wait."""
    answer, asked = in_turn(refusal(429, headers={"Retry-After": "0.5"}), good)

    async def run() -> None:
        async with answering(answer) as url:
            client = rest(url, tries=1)
            with pytest.raises(VenueError):
                await client.get("/x")
            assert await client.get("/y") == b"good"
            await client.close()

    asyncio.run(run())
    assert asked[1] - asked[0] >= 0.5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409])
def test_what_waiting_cannot_mend_is_asked_once(status: int) -> None:
    """Refusals about the request are told at once, with the venue's words and its status."""
    answer, asked = in_turn(refusal(status, "because"))
    with pytest.raises(VenueError, match=r"Acme refused /x: because") as caught:
        ask(answer)
    assert caught.value.status == status
    assert len(asked) == 1


def test_a_venue_that_stays_down_is_told_after_some_tries() -> None:
    """As many tries as there are, and the last reason."""
    answer, asked = in_turn(refusal(503, "maintenance"))
    with pytest.raises(VenueError, match="maintenance"):
        ask(answer)
    assert len(asked) == 3


def test_a_redirection_is_not_followed() -> None:
    """Keys go to the venue alone."""
    seen: list[str] = []

    def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.headers.get("X-Key", ""))
        return good()

    async def run() -> None:
        async with answering(elsewhere) as other:
            answer, _ = in_turn(refusal(302, headers={"Location": f"{other}/y"}))
            async with answering(answer) as url:
                client = rest(url)
                with pytest.raises(VenueError) as caught:
                    await client.get("/x")
                assert caught.value.status == 302
                await client.close()

    asyncio.run(run())
    assert seen == []


def test_a_venue_that_cannot_be_reached_is_told_by_host_without_secrets() -> None:
    """Who, where and why; no key, no path, no query."""

    async def run() -> None:
        client = rest(f"http://127.0.0.1:{free_port()}", tries=2)
        try:
            await client.get("/x", {"listenKey": SECRET}, sign={"X-Signature": SECRET})
        finally:
            await client.close()

    with pytest.raises(
        ConnectionFailed, match=r"Acme at 127\.0\.0\.1:\d+ cannot be reached: .*Connect call failed"
    ) as caught:
        asyncio.run(run())
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_silent_venue_is_unreachable() -> None:
    """Who does not answer in time is not there."""

    async def run() -> None:
        server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
        async with server:
            client = rest(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", tries=2, timeout_s=0.2)
            with pytest.raises(ConnectionFailed, match="TimeoutError"):
                await client.get("/x")
            await client.close()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_requests_go_one_by_one() -> None:
    """Many who ask at once wait for their turn, so that the budget is right."""
    at_once = most = 0

    async def run() -> None:
        async def handle(request: web.Request) -> web.Response:
            nonlocal at_once, most
            at_once += 1
            most = max(most, at_once)
            await asyncio.sleep(0.005)
            at_once -= 1
            return good()

        application = web.Application()
        application.router.add_get("/x", handle)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        client = rest(f"http://127.0.0.1:{runner.addresses[0][1]}")
        assert await asyncio.gather(*(client.get("/x") for _ in range(20))) == [b"good"] * 20
        await client.close()
        await runner.cleanup()

    asyncio.run(run())
    assert most == 1


def test_a_token_bucket_lets_so_many_through() -> None:
    """A burst, then the rate; a refusal empties it."""
    now_s = 0.0
    bucket = TokenBucket(2.0, 3.0, lambda: now_s)
    assert [bucket.wait_s(1) for _ in range(3)] == [0, 0, 0]
    assert bucket.wait_s(1) == 0.5
    now_s = 0.5
    assert bucket.wait_s(1) == 0
    now_s = 10.0
    bucket.learn(429, {})
    assert bucket.wait_s(1) == pytest.approx(0.5)
    assert bucket.wait_s(100) <= 1.5


@pytest.mark.parametrize("error", [ValueError, TypeError, OverflowError, RecursionError, KeyError, IndexError])
def test_a_reply_that_cannot_be_read_is_told(error: type[Exception]) -> None:
    """Whatever reading it raises; who it was about is named."""

    def decode(body: bytes) -> None:
        raise error(body)

    with pytest.raises(VenueError, match="Acme sent a reply about BTC that cannot be read"):
        rest("http://nowhere.invalid").read("BTC", decode, b"7")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 100_000])
def test_a_reply_of_another_kind_is_told(body: bytes) -> None:
    """No JSON, or not the kind there should be."""
    client = rest("http://nowhere.invalid")
    assert client.json(b'{"a": 1}', dict) == {"a": 1}
    with pytest.raises(VenueError, match="Acme sent a reply that is not JSON"):
        client.json(body, dict)
