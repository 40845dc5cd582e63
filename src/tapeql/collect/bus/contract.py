"""The live bus: what is journalled, shared with everyone who follows. It knows positions and bytes, and no venue.

    Publisher ──publish──▶ stream: (position, payload), (position, payload), …  ──subscribe──▶ Message, Message, Missed, …

A stream is bounded and its positions rise, so a replayed journal is on it exactly once, and a reader that remembers a
position goes on behind it. `memory` is for one process, `redis` between processes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self, TypeAlias

from tapeql.collect.timing import Timing
from tapeql.errors import ConnectionFailed

BACKOFF: Final = Timing(backoff_first_s=0.1, backoff_most_s=5.0)
"""For a bus that is down: a try costs little, and readers wait."""

Entry: TypeAlias = tuple[str, int, bytes]
"""(stream, position, payload)"""


@dataclass(frozen=True, slots=True)
class Message:
    stream: str
    position: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Missed:
    """The bus no longer had messages of a stream after position `after` and before `before`: look in the store.

    A bus that cannot know for sure says so too.
    """

    stream: str
    after: int
    before: int


class BusDown(ConnectionFailed):
    """The bus cannot be reached, or was away since it was last used; try again later."""


class Subscription(Protocol):
    """An async iterator of messages, in order within each stream; it ends when it or the bus is closed.

    Entered (`async with bus.subscribe(…) as messages`) it stands at its place: what is published from then on comes.
    Only entering, or the first message where it is not entered, raises BusDown; later it reconnects by itself and goes
    on behind the last message it gave. For one task.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...

    def __aiter__(self) -> Self: ...

    async def __anext__(self) -> Message | Missed: ...

    async def aclose(self) -> None: ...


After: TypeAlias = Mapping[str, int] | int | None
"""Where to begin: behind a position, of each stream or of all; 0 is the oldest kept, None only what is new."""


class Bus(Protocol):
    """What all buses do. For one event loop."""

    async def publish(self, entries: Sequence[Entry]) -> None:
        """Adds messages in order. A position not above its stream's last is dropped silently: it was there before.

        Raises BusDown, and then some of the first may have been added. It is raised as well, once, when the connection
        was lost between two calls: the streams may have lost their ends, which `last` tells.
        """
        ...

    async def last(self, streams: Sequence[str]) -> list[int | None]:
        """The position each stream has reached; None where nothing was published. Raises BusDown."""
        ...

    def subscribe(
        self, streams: Iterable[str], *, after: After = None, group: str | None = None, consumer: str | None = None
    ) -> Subscription:
        """Follows streams, which need not exist yet.

        With a group each message goes to one of its consumers (each with a name of its own), and again to one of them
        until it is acknowledged: at once when a consumer of the same name comes back, else after BUS_IDLE_S. A group
        begins at `after` where it is new, else where it stands. A server that lost its memory lost its groups: they
        begin again where the first consumer to come back stands, and some messages come twice.
        """
        ...

    async def ack(self, group: str, stream: str, positions: Iterable[int]) -> None:
        """A group needs these messages no more. Raises BusDown."""
        ...

    async def streams(self, prefix: str = "") -> list[str]:
        """The streams that hold messages, sorted. Raises BusDown."""
        ...

    async def close(self) -> None:
        """Ends all subscriptions."""
        ...


def places(streams: Iterable[str], after: After, group: str | None, consumer: str | None) -> dict[str, int | None]:
    """Where to begin on each stream, from what `subscribe` is asked for. Raises ValueError."""
    if (group is None) != (consumer is None):
        raise ValueError("a group and the name of its consumer come together")
    if isinstance(after, Mapping):
        return {stream: after.get(stream) for stream in streams}
    return dict.fromkeys(streams, after)
