"""What Massive's status messages mean, and which of them trying again may mend."""

from __future__ import annotations

from typing import Final

from tapeql.connectors.venue import Lost
from tapeql.errors import VenueError

FINE: Final = frozenset({"connected", "auth_success", "success"})

OTHER_CONNECTION: Final = "max_connections"

MEANINGS: Final = {
    "auth_failed": "the key is wrong, or its plan has no stream of stocks: look at TAPEQL_MASSIVE_API_KEY",
    "auth_timeout": "logging in took too long",
    OTHER_CONNECTION: "the account opened another connection, and Massive closes the older one",
    "not_authorized": "the plan does not include this: TAPEQL_MASSIVE_WS_URL=wss://delayed.massive.com/stocks may be it",
}

_FOR_GOOD: Final = frozenset({"auth_failed", "not_authorized"})

OTHER_CONNECTION_S: Final = 10.0
"""Two collectors of one account would close each other's connection in turn; this keeps them from racing."""


def told(status: str, message: str) -> str:
    """`max_connections: Maximum number of websocket connections exceeded. (the account opened …)`"""
    meaning = MEANINGS.get(status)
    return f"{status[:40]}: {message[:200].strip()}{f' ({meaning})' if meaning else ''}"


def refusal(title: str, status: str, message: str) -> VenueError | Lost:
    """The error of a login that was refused: Lost where the next try may do better."""
    reason = f"{title} refused the connection: {told(status, message)}"
    if status in _FOR_GOOD:
        return VenueError(reason, code=status)
    return Lost(reason, retry_after_s=OTHER_CONNECTION_S if status == OTHER_CONNECTION else None)
