"""The quotes of a symbol: each once, in time, and none standing where the feed was away: pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from tapeql.connectors.events import Gap, Kept, Quote

REMEMBERED_IDS: Final = 4096


class Quotes:
    """Quotes cannot be asked for again: what an outage took stays a gap.

    A quote stands until the next one, so an outage also writes a quote without sides: from there on nothing is known.
    """

    def __init__(self, venue: str, symbol: str) -> None:
        self._venue = venue
        self._symbol = symbol
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._last: Quote | None = None
        self._last_id = 0
        self._gap: Gap | None = None
        self.last_us: int | None = None
        self.repeated = 0

    @property
    def best(self) -> tuple[float | None, float | None] | None:
        return None if self._last is None else (self._last.bid, self._last.ask)

    def restore(self, last_id: int | None, last_us: int | None, gaps: Sequence[Gap]) -> None:
        """Begins where the store ends."""
        self._last_id, self.last_us = last_id or 0, last_us
        self._gap = next((g for g in gaps if g.kind == "quotes" and g.until_us is None), None)

    def lost(self, reason: str, at_us: int | None = None) -> list[Kept]:
        """The feed is interrupted; up to at_us (the venue's time) it was well."""
        if self.last_us is None or self._gap is not None:
            return []
        from_us = max(self.last_us, at_us or 0) + 1
        self._gap = Gap(self._venue, self._symbol, f"quotes:{from_us}", "quotes", from_us, None, None, None, reason)
        nothing = Quote(self._venue, self._symbol, None, from_us, 0, None, None, None, None)
        self.last_us = from_us
        self._last = None
        return [self._gap, nothing]

    def on(self, quote: Quote, venue_us: int) -> list[Kept]:
        """`venue_us` is the venue's time by our reckoning, for quotes without one."""
        number = quote.update_id
        if number is None:
            if self._last is not None and _same(self._last, quote):
                self.repeated += 1
                return []
            number = max(self._last_id + 1, quote.recv_ns // 1000)
        elif number in self._seen or (self._seen and number < next(iter(self._seen))):
            self.repeated += 1
            return []
        self._seen[number] = None
        if len(self._seen) > REMEMBERED_IDS:
            self._seen.popitem(last=False)
        source = "venue"
        ts_us = quote.ts_us
        late = number < self._last_id
        if ts_us is None:
            source, ts_us = "recv", venue_us
            if self.last_us is not None:
                # Numbers know the order; our reckoning of the venue's clock may waver.
                ts_us = self.last_us if late else max(ts_us, self.last_us)
        quote = replace(quote, update_id=number, ts_us=ts_us, ts_source=source)
        kept: list[Kept] = []
        if self._gap is not None:
            kept.append(replace(self._gap, until_us=max(ts_us, self._gap.from_us)))
            self._gap = None
        if not late:
            self._last, self._last_id = quote, number
            self.last_us = ts_us if self.last_us is None else max(ts_us, self.last_us)
        kept.append(quote)
        return kept


def _same(a: Quote, b: Quote) -> bool:
    return (a.ts_us, a.bid, a.bid_size, a.ask, a.ask_size) == (b.ts_us, b.bid, b.bid_size, b.ask, b.ask_size)
