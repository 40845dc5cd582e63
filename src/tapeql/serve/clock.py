"""The clock a query is read by: the machine's, or one that was handed in."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from tapeql.errors import Diagnostic, QueryError

Clock = Callable[[], int]
"""Answers microseconds since 1970-01-01T00:00Z."""

Now = str | int | datetime | Clock | None
"""What `now` may be given as: ISO 8601 text, microseconds, a datetime (UTC if it says no zone), a clock, the machine's."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def clock(now: Now) -> Clock:
    """The clock that `now` means. Raises QueryError for text that is no instant."""
    match now:
        case None:
            return _system
        case str():
            fixed = _us(_parsed(now))
        case datetime():
            fixed = _us(now)
        case int():
            fixed = now
        case _:
            return now
    return lambda: fixed


def iso(us: int) -> str:
    """`2025-03-10T13:30:00Z`, with microseconds where there are any."""
    whole, fraction = divmod(us, 1_000_000)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:06d}Z" if fraction else f"{text}Z"


def _system() -> int:
    return time.time_ns() // 1000


def _parsed(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise QueryError(
            [Diagnostic("E017", f"`{text}` is not an instant; write 2025-03-10T13:30:00Z")], text
        ) from None


def _us(instant: datetime) -> int:
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    elapsed = aware - _EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds
