"""One venue's REST: requests in turn, slowed by the venue's own account of them, repeated where that can help."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec

from tapeql.connectors.frames import UNREADABLE
from tapeql.errors import ConnectionFailed, VenueError

if TYPE_CHECKING:
    import aiohttp

Asked = ParamSpec("Asked")
Said = TypeVar("Said")

log: Final = logging.getLogger("tapeql.rest")

TRIES: Final = 5
TIMEOUT_S: Final = 20.0
LONGEST_WAIT_S: Final = 60.0
"""Where a venue wants more patience than this, the caller is told, who has other work; meanwhile nothing is asked."""

PASSING: Final = (418, 429)
"""Refusals that are about our pace, not about what we asked."""

Complaint = Callable[[int, bytes], str]
"""The reason in a refusal's body, given its HTTP status."""

Verdict = Callable[[int, bytes], int]
"""The status a reply deserves: some venues refuse with a 200."""


class Budget(Protocol):
    """A venue's rate limit."""

    def wait_s(self, cost: float) -> float:
        """How long to wait before a request of this cost; it counts as spent once 0 is answered."""
        ...

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        """Takes what a reply says of the limit."""
        ...


class TokenBucket:
    """So many requests a second on average, some more at once. `clock_s` rises steadily."""

    def __init__(self, per_s: float, burst: float, clock_s: Callable[[], float]) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock_s = clock_s
        self._tokens = burst
        self._at_s = clock_s()

    def wait_s(self, cost: float) -> float:
        now = self._clock_s()
        self._tokens = min(self._burst, self._tokens + (now - self._at_s) * self._per_s)
        self._at_s = now
        cost = min(cost, self._burst)
        if self._tokens >= cost:
            self._tokens -= cost
            return 0.0
        return (cost - self._tokens) / self._per_s

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        if status in PASSING:
            self._tokens, self._at_s = 0.0, self._clock_s()


class Rest:
    """GET requests below a base address. One at a time, so that the budget is right.

    Raises VenueError for a refusal (4xx, or what is still refused after TRIES), ConnectionFailed where nobody answers.
    """

    def __init__(
        self,
        title: str,
        url: str,
        budget: Budget,
        complaint: Complaint,
        *,
        headers: Mapping[str, str] | None = None,
        verdict: Verdict = lambda status, body: status,
        tries: int = TRIES,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.url = url
        self._title = title
        self._budget = budget
        self._complaint = complaint
        self._headers = dict(headers or {})
        self._verdict = verdict
        self._tries = tries
        self._timeout_s = timeout_s
        self._turn = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None
        self._closings = 0
        self._shut_until_s = 0.0
        self.headers: Mapping[str, str] = {}
        """Of the last reply."""

    async def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        cost: float = 1,
        sign: Mapping[str, str] | None = None,
    ) -> bytes:
        """The body of a 200. `sign` are headers of this request alone."""
        import aiohttp

        closings = self._closings
        async with self._turn:
            for tries_left in reversed(range(self._tries)):
                await self._permission(path, cost)
                if self._closings > closings:
                    raise ConnectionFailed(f"the connection to {self._title} is closed")
                try:
                    status, body = await self._ask(path, params, sign)
                except (aiohttp.ClientError, TimeoutError, OSError) as error:
                    if not tries_left:
                        raise ConnectionFailed(
                            f"{self._title} at {_place(self.url)} cannot be reached: {_why(error)}"
                        ) from None
                else:
                    if status < 300:
                        return body
                    passing = may_pass(status)
                    asked_s = _asked_s(self.headers) if passing else None
                    if asked_s is not None:
                        self._shut_until_s = time.monotonic() + asked_s
                    log.info(
                        "refused", extra={"venue": self._title, "path": path, "status": status, "asked_s": asked_s}
                    )
                    if not (tries_left and passing) or (asked_s or 0) > LONGEST_WAIT_S:
                        raise VenueError(
                            f"{self._title} refused {path}: {self._complaint(status, body)}", status=status
                        )
                await asyncio.sleep(_jitter_s(self._tries - tries_left))
            raise AssertionError("there is at least one try")

    def read(self, about: str, decode: Callable[Asked, Said], *args: Asked.args, **kwargs: Asked.kwargs) -> Said:
        """What a reply says. Raises VenueError where it cannot be read."""
        try:
            return decode(*args, **kwargs)
        except (*UNREADABLE, LookupError):
            raise VenueError(f"{self._title} sent a reply about {about} that cannot be read") from None

    def json(self, body: bytes, kind: Any = Any) -> Any:
        """A reply as it is. Raises VenueError where it is not JSON, or of another kind (dict, list)."""
        try:
            return msgspec.json.decode(body, type=kind)
        except UNREADABLE:
            raise VenueError(f"{self._title} sent a reply that is not JSON") from None

    async def _permission(self, path: str, cost: float) -> None:
        """Waits as long as the venue asked for, and as its budget wants. Raises VenueError where that is too long."""
        while True:
            wait_s = self._shut_until_s - time.monotonic()
            if wait_s > LONGEST_WAIT_S:
                raise VenueError(f"{self._title} refused {path}: it asks for {wait_s:.0f} s of silence", status=429)
            if wait_s <= 0:
                wait_s = self._budget.wait_s(cost)
                if wait_s <= 0:
                    return
            await asyncio.sleep(wait_s)

    async def close(self) -> None:
        """Whoever waits for their turn gets ConnectionFailed; who asks after this opens it again."""
        self._closings += 1
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(
        self, path: str, params: Mapping[str, str | int] | None, sign: Mapping[str, str] | None
    ) -> tuple[int, bytes]:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers, timeout=aiohttp.ClientTimeout(total=self._timeout_s), trust_env=True
            )
        # A redirection would carry our key to whoever it names.
        async with self._session.get(self.url + path, params=params, headers=sign, allow_redirects=False) as reply:
            body = await reply.read()
            self.headers = reply.headers
            status = self._verdict(reply.status, body)
            self._budget.learn(status, reply.headers)
            return status, body


def may_pass(status: int) -> bool:
    """Whether the same request may be answered later."""
    return status in PASSING or status >= 500


def _asked_s(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds, where it is given as seconds or as a date with the venue's own Date beside it."""
    text = headers.get("Retry-After", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        until, now = parsedate_to_datetime(text), parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None


def _jitter_s(tried: int) -> float:
    return random.uniform(0, min(LONGEST_WAIT_S, 0.125 * 2**tried))


def _place(url: str) -> str:
    """The host alone: an address may carry a key."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _why(error: Exception) -> str:
    """What the system says; an error's own text may repeat the whole address."""
    said = getattr(error, "strerror", None)
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
