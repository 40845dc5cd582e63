"""How patient the collector is: the waits that decide what is tried again, doubted or given up, by name, in one place."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. `horizon_s` is venue time: how far back an outage is filled."""

    backoff_first_s: float = 1.0
    backoff_most_s: float = 60.0
    settled_s: float = 10.0
    """A connection that lived so long was a good one: the next failure starts from the first backoff."""
    renew_share: float = 22 / 24
    """Of a connection's greatest age: then the next one is opened. Two hours before the 24th, Binance's weights allow
    some two thousand whole books until then."""
    renew_again_s: float = 5.0
    """After one that was refused, or ended before it had taken over."""
    max_age_s: float | None = None
    """Instead of the venue's own."""
    overlap_s: float = 900.0
    """How long the old connection waits for the new one to carry everything, if it lives so long: two hundred whole
    books of Binance take ten minutes. It waits longer where its greatest age is further away."""
    linger_s: float = 1.0
    """How long it is read on when the new one does: quotes still on its way are nowhere else."""
    silence_s: float | None = None
    """Instead of the venue's own."""
    doubt_s: float = 1.0
    """What REST knows and the feed does not, twice this far apart, the feed has missed."""
    reorder_s: float = 0.3
    """How long a missing id may just be late."""
    horizon_s: float = 24 * 3600.0
    fill_tries: int = 10
    """Over two or three minutes: history may be that far behind the stream. Refusals that pass are not counted."""
    flush_s: float = 0.004
    """How long events gather before the journal is synced."""
    store_s: float | None = None
    """How long they gather before the store gets them, instead of its own pace."""
    seal_after_s: float = 600.0
    """Venue time behind midnight: late prints of the day have come."""
    seal_again_s: float = 60.0
    """How long a day that could not be sealed is left alone."""
    drain_s: float = 30.0

    def backoff_s(self, attempt: int) -> float:
        """Full jitter: anywhere between nothing and a bound that doubles."""
        return random.uniform(0, min(self.backoff_most_s, self.backoff_first_s * 2 ** min(attempt, 16)))
