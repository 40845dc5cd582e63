"""How many requests Coinbase allows: ten a second of an address, unless its headers say that fewer are left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from tapeql.connectors.rest import TokenBucket

PER_S: Final = 8.0
"""Of the ten; others behind the same address want some too."""

REMAINING: Final = "X-RateLimit-Remaining"


class Allowance(TokenBucket):
    """Source: docs.cdp.coinbase.com, "REST API Rate Limits" of both products."""

    def __init__(self) -> None:
        super().__init__(PER_S, PER_S, time.monotonic)

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        super().learn(status, headers)
        left = headers.get(REMAINING, "")
        if left.isdigit():
            self._tokens = min(self._tokens, float(left))
