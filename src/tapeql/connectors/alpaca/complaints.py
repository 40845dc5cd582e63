"""What Alpaca's error codes mean, and which of them trying again may mend."""

from __future__ import annotations

from typing import Final

from tapeql.connectors.venue import Lost
from tapeql.errors import VenueError

SLOW_CLIENT: Final = 407

MEANINGS: Final = {
    400: "it does not understand a message of ours, or a symbol in it",
    401: "something was asked for before logging in",
    402: "the key or the secret is wrong: look at TAPEQL_ALPACA_API_KEY and TAPEQL_ALPACA_API_SECRET",
    403: "this connection is logged in already",
    404: "logging in took too long",
    405: "more symbols than the account's plan allows; what was subscribed before stays",
    406: "the account has another connection to this feed: Alpaca allows one",
    407: "messages are read too slowly; some may be missing",
    409: "the account's plan does not include this feed: TAPEQL_ALPACA_FEED names another one",
    410: "this feed does not have what was asked for",
    500: "an error inside Alpaca",
}

_MENDED_BY_TIME: Final = frozenset({404, 406, 407, 500})

OTHER_CONNECTION_S: Final = 10.0
"""A connection that broke is counted for some seconds more."""


def told(code: int | None, said: str) -> str:
    """`auth failed (402): the key or the secret is wrong: …`"""
    meaning = MEANINGS.get(code) if code is not None else None
    return f"{said[:200]}{f' ({code})' if code is not None else ''}{f': {meaning}' if meaning else ''}"


def refusal(title: str, code: int | None, said: str) -> VenueError | Lost:
    """The error of a login that was refused: Lost where the next try may do better."""
    reason = f"{title} refused the connection: {told(code, said)}"
    if code in _MENDED_BY_TIME:
        return Lost(reason, retry_after_s=OTHER_CONNECTION_S if code == 406 else None)
    return VenueError(reason, code=None if code is None else str(code))
