"""What the collector counts, by venue; metrics and status read it."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

from tapeql.connectors.events import Gap


@dataclass(slots=True)
class VenueCounts:
    frames: int = 0
    events: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    dropped: int = 0
    too_large: int = 0
    """Events that no journal frame has room for."""
    connects: int = 0
    losses: Counter[str] = field(default_factory=Counter)
    renewals: int = 0
    resyncs: int = 0
    stale: int = 0
    filled_trades: int = 0
    gaps_declared: Counter[str] = field(default_factory=Counter)
    gaps_filled: Counter[str] = field(default_factory=Counter)
    open_gaps: set[tuple[str, str]] = field(default_factory=set)
    """(symbol, gap_id) of those that a later record may still change."""
    connections: int = 0
    lag_us: int | None = None
    """Of the last event: received − said, less the skew."""

    def saw(self, gap: Gap) -> None:
        """Counts a gap once, however many records tell how it goes on."""
        key = (gap.symbol, gap.gap_id)
        if key not in self.open_gaps:
            self.gaps_declared[gap.kind] += 1
            self.open_gaps.add(key)
        if gap.filled_us is not None:
            self.gaps_filled[gap.kind] += 1
        if gap.closed:
            self.open_gaps.remove(key)


@dataclass(slots=True)
class Counts:
    venues: dict[str, VenueCounts] = field(default_factory=dict)
    journalled: int = 0
    stored: int = 0
    stored_s: float = field(default_factory=time.monotonic)
    """When the store last took something, or had everything (steady)."""
    store_failures: int = 0
    store_error: str | None = None
    seal_error: str | None = None
    """Why days that have ended are not folded, while they are not."""
    pending: int = 0

    def of(self, venue: str) -> VenueCounts:
        found = self.venues.get(venue)
        if found is None:
            found = self.venues[venue] = VenueCounts()
        return found
