"""How many requests Coinbase allows: ten a second of an address, unless its headers say that fewer are left."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from tapeql.connectors.rest import TokenBucket
from tapeql.connectors.settings import Settings, variable_of
from tapeql.errors import DataError

PER_S: Final = 8.0
"""Of the ten; others behind the same address want some too."""

REMAINING: Final = "X-RateLimit-Remaining"


class Allowance(TokenBucket):
    """The option requests_per_s sets another pace.

    Source: docs.cdp.coinbase.com, "REST API Rate Limits" of both products. Raises DataError for an option that is none.
    """

    def __init__(self, settings: Settings) -> None:
        text = settings.options.get("requests_per_s", "")
        try:
            self.per_s = float(text or PER_S)
        except ValueError:
            self.per_s = 0.0
        if not 0.0 < self.per_s < 1e6:
            raise DataError(f"{variable_of(settings.venue.name, 'requests_per_s')} must be a positive number")
        super().__init__(self.per_s, max(1.0, self.per_s), time.monotonic)

    def learn(self, status: int, headers: Mapping[str, str]) -> None:
        super().learn(status, headers)
        left = headers.get(REMAINING, "")
        if left.isdigit():
            self._tokens = min(self._tokens, float(left))
