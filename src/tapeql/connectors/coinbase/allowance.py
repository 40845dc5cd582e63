"""How many requests Coinbase allows: ten a second of an address, unless its headers say that fewer are left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from tapeql.connectors.rest import TokenBucket
from tapeql.connectors.venue import Settings

PER_S: Final = 8.0
"""Of the ten; others behind the same address want some too."""

REMAINING: Final = "X-RateLimit-Remaining"


class Allowance(TokenBucket):
    """The option requests_per_s sets another pace.

    Source: docs.cdp.coinbase.com, "REST API Rate Limits" of both products. Raises DataError for an option that is none.
    """

    def __init__(self, settings: Settings) -> None:
        self.per_s = settings.number("requests_per_s", PER_S)
        super().__init__(self.per_s, max(1.0, self.per_s), time.monotonic)

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        super().learn(status, headers)
        left = headers.get(REMAINING, "")
        if left.isdigit():
            self._tokens = min(self._tokens, float(left))
