"""Which trades of a symbol have been seen and which are missing: pure, fed with events, answers what to keep.

    contiguous ids   everything below `next` is stored or in a hole; an id above it makes a hole, one in a hole mends it,
                     any other is a repetition
    keyed ids        a repetition is an id seen lately; what an outage took is found by asking for its time again

Every answer puts the record of a gap before the trade that shows it, so a journal cut anywhere never holds a trade
behind an undeclared hole.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from tapeql.connectors.events import Gap, Kept, Trade, Void

REMEMBERED_IDS: Final = 50_000
"""Repetitions come within minutes; older ones the store knows."""

TOO_OLD: Final = "older than the backfill horizon"
NOT_THERE: Final = "the venue's history does not have it"
ANEW: Final = "the venue numbers its trades anew: trades with ids of before are not stored"
GIVEN_UP: Final = frozenset({TOO_OLD, NOT_THERE, ANEW})

ANEW_US: Final = 60_000_000
"""An id of before with a time so much later is no repetition."""


@dataclass(slots=True)
class Hole:
    """What is missing: ids from_id..to_id where ids are contiguous, and the time between the trades around it.

    to_id, until_us are None while nothing live has come since. `paged_us` is how far history has been read; the venue
    may tell a trade `late_us` after its time.
    """

    gap_id: str
    from_us: int
    until_us: int | None
    reason: str
    from_id: int | None = None
    to_id: int | None = None
    filled_to_id: int | None = None
    paged_us: int | None = None
    hopeless: bool = False
    late_us: int = 0

    @property
    def next_id(self) -> int | None:
        """The first id still missing."""
        if self.from_id is None:
            return None
        return self.from_id if self.filled_to_id is None else self.filled_to_id + 1

    @property
    def next_us(self) -> int:
        """Where in time history is to be read on."""
        return (self.from_us if self.paged_us is None else self.paged_us) - self.late_us

    def holds(self, ts_us: int) -> bool:
        """Whether a trade of this time may be one of those missing."""
        return self.from_us - self.late_us <= ts_us and not self.before(ts_us)

    def before(self, ts_us: int) -> bool:
        return self.until_us is not None and ts_us > self.until_us + self.late_us

    def record(self, venue: str, symbol: str, filled_us: int | None = None) -> Gap:
        return Gap(
            venue,
            symbol,
            self.gap_id,
            "trades",
            self.from_us,
            self.until_us,
            self.from_id,
            self.to_id,
            self.reason,
            self.filled_to_id,
            filled_us,
        )


class Trades(Protocol):
    """The trades of one symbol."""

    last_us: int | None
    repeated: int
    holes: list[Hole]

    def restore(self, last: Trade | None, gaps: Sequence[Gap]) -> None:
        """Begins where the store ends."""
        ...

    def adopt(self, gap: Gap) -> list[Kept]:
        """A gap found by other means, to be filled like any."""
        ...

    def lost(self, reason: str) -> list[Kept]:
        """The live feed is interrupted; nothing may be known of what comes until it is live again."""
        ...

    def live(self, trade: Trade | Void) -> list[Kept]: ...

    def history(self, page: Iterable[Trade | Void]) -> list[Kept]:
        """Trades from REST: they fill holes and nothing else."""
        ...

    def missing(self) -> list[Hole]:
        """The holes worth filling, oldest first."""
        ...

    def exhausted(self, hole: Hole, reason: str | None) -> list[Kept]:
        """History has nothing more for this hole. With a reason: it is given up, and stays declared."""
        ...


class _Gaps:
    """The holes of one symbol and their records."""

    def __init__(self, venue: str, symbol: str, late_us: int = 0) -> None:
        self._venue = venue
        self._symbol = symbol
        self._late_us = late_us
        self.last_us: int | None = None
        self.repeated = 0
        self.holes: list[Hole] = []
        self._pending: Hole | None = None
        """The hole that is still open at its end: the last of `holes`."""

    def missing(self) -> list[Hole]:
        return [hole for hole in self.holes if not hole.hopeless]

    def adopt(self, gap: Gap) -> list[Kept]:
        """A gap found by other means, to be filled like any."""
        hole = self._hole(gap)
        self.holes.insert(0, hole)
        return [self._record(hole)]

    def _declare(self, hole: Hole) -> Gap:
        self.holes.append(hole)
        return hole.record(self._venue, self._symbol)

    def _filled(self, hole: Hole, at_us: int) -> Gap:
        self.holes.remove(hole)
        if self._pending is hole:
            self._pending = None
        return hole.record(self._venue, self._symbol, filled_us=at_us)

    def _record(self, hole: Hole) -> Gap:
        return hole.record(self._venue, self._symbol)

    def _hole(self, gap: Gap) -> Hole:
        return Hole(
            gap.gap_id,
            gap.from_us,
            gap.until_us,
            gap.reason,
            gap.from_id,
            gap.to_id,
            gap.filled_to_id,
            hopeless=gap.reason in GIVEN_UP,
            late_us=self._late_us,
        )

    def _restore_holes(self, gaps: Sequence[Gap]) -> None:
        for gap in sorted(gaps, key=lambda g: (g.from_us, g.from_id or 0)):
            if gap.kind == "trades" and gap.filled_us is None:
                hole = self._hole(gap)
                self.holes.append(hole)
                if gap.until_us is None and not hole.hopeless:
                    if self._pending is not None:
                        # Two that ended alike: what the first lacks ends where the second begins.
                        self._pending.until_us = hole.from_us
                        self._pending.to_id = None if hole.from_id is None else hole.from_id - 1
                    self._pending = hole


class ContiguousTrades(_Gaps):
    """Ids n, n + 1, …: a missing one is a lost trade."""

    def __init__(self, venue: str, symbol: str) -> None:
        super().__init__(venue, symbol)
        self.next: int | None = None
        self._newest_us = 0
        """Clocks of venues step back, too."""

    def restore(self, last: Trade | None, gaps: Sequence[Gap]) -> None:
        self._restore_holes(gaps)
        if last is not None:
            self.next, self.last_us, self._newest_us = last.seq + 1, last.ts_us, last.ts_us
        if self._pending is not None and self._pending.next_id is not None:
            self.next = max(self.next or 0, self._pending.next_id)

    def lost(self, reason: str) -> list[Kept]:
        if self.next is None or self.last_us is None or self._pending is not None:
            return []
        self._pending = Hole(f"trades:{self.next}", self.last_us, None, reason, self.next)
        return [self._declare(self._pending)]

    def live(self, trade: Trade | Void) -> list[Kept]:
        seq = trade.seq
        ts_us = trade.ts_us if isinstance(trade, Trade) else self.last_us
        if ts_us is None:
            return []
        kept: list[Kept] = []
        if self.next is None or seq >= self.next:
            pending = self._pending
            if pending is not None:
                pending.until_us = ts_us
                pending.to_id = seq - 1
                if pending.next_id is not None and pending.next_id >= seq:
                    kept.append(self._filled(pending, ts_us))
                else:
                    kept.append(self._record(pending))
                self._pending = None
            elif self.next is not None and seq > self.next:
                before_us = ts_us if self.last_us is None else self.last_us
                kept.append(self._declare(Hole(f"trades:{self.next}", before_us, ts_us, "missed", self.next, seq - 1)))
            self.next = seq + 1
            self.last_us = ts_us
            self._newest_us = max(self._newest_us, ts_us)
        elif (hole := self._hole_of(seq)) is not None:
            kept += self._mend(hole, seq, ts_us)
        else:
            self.repeated += 1
            return self._anew(ts_us)
        if isinstance(trade, Trade):
            kept.append(trade)
        return kept

    def _anew(self, ts_us: int) -> list[Kept]:
        """Declares, once, that ids which are known come with times that are not."""
        if ts_us <= self._newest_us + ANEW_US or any(hole.reason == ANEW for hole in self.holes):
            return []
        return [self._declare(Hole(f"trades:anew:{ts_us}", self._newest_us, None, ANEW, hopeless=True))]

    def history(self, page: Iterable[Trade | Void]) -> list[Kept]:
        kept: list[Kept] = []
        mended: dict[str, Hole] = {}
        for trade in page:
            seq = trade.seq
            hole = self._hole_of(seq)
            if hole is None:
                continue
            ts_us = trade.ts_us if isinstance(trade, Trade) else hole.from_us
            if hole is self._pending:
                if hole.next_id is not None and seq > hole.next_id:
                    # The venue's history begins behind what is missing.
                    kept += self._part_pending(hole, seq, ts_us)
                    hole = self._pending
                hole.filled_to_id = seq
                if self.next is None or self.next <= seq:
                    self.next, self.last_us = seq + 1, ts_us
                    self._newest_us = max(self._newest_us, ts_us)
                mended[hole.gap_id] = hole
            elif seq == hole.next_id and seq != hole.to_id:
                hole.filled_to_id = seq
                mended[hole.gap_id] = hole
            else:
                mended.pop(hole.gap_id, None)
                kept += self._mend(hole, seq, ts_us)
            if isinstance(trade, Trade):
                kept.append(trade)
        kept += [self._record(hole) for hole in mended.values() if hole in self.holes]
        return kept

    def exhausted(self, hole: Hole, reason: str | None) -> list[Kept]:
        if reason is None or hole not in self.holes:
            return []
        hole.hopeless = True
        hole.reason = reason
        return [self._record(hole)]

    def skip_to(self, hole: Hole, seq: int, ts_us: int, reason: str) -> list[Kept]:
        """Gives up the ids of a hole before seq, and goes on with the rest."""
        first = hole.next_id
        if first is None or seq <= first or hole not in self.holes:
            return []
        if hole.to_id is not None and seq > hole.to_id:
            return self.exhausted(hole, reason)
        if hole is self._pending:
            kept = self._part_pending(hole, seq, ts_us)
            self.next = max(self.next or 0, seq)
        else:
            rest = replace(hole, gap_id=f"trades:{seq}", from_id=seq, filled_to_id=None, from_us=ts_us)
            hole.to_id, hole.until_us = seq - 1, ts_us
            kept = [self._record(hole), self._declare(rest)]
        hole.hopeless, hole.reason = True, reason
        kept[0] = self._record(hole)
        return kept

    def _part_pending(self, hole: Hole, seq: int, ts_us: int) -> list[Kept]:
        """What history lacks becomes a hole of its own; the outage goes on behind it."""
        hole.to_id, hole.until_us = seq - 1, ts_us
        self._pending = Hole(f"trades:{seq}", ts_us, None, hole.reason, seq)
        return [self._record(hole), self._declare(self._pending)]

    def _hole_of(self, seq: int) -> Hole | None:
        for hole in self.holes:
            first = hole.next_id
            if first is not None and first <= seq and (hole.to_id is None or seq <= hole.to_id):
                return hole
        return None

    def _mend(self, hole: Hole, seq: int, ts_us: int) -> list[Kept]:
        """Takes one id out of a bounded hole."""
        first = hole.next_id
        assert first is not None
        if hole is self._pending:
            # Behind what the store has of later: what lies between is missing still.
            if seq > first:
                return []
            hole.filled_to_id = seq
            return [self._record(hole)]
        assert hole.to_id is not None
        if seq == first:
            hole.filled_to_id = seq
            return [self._filled(hole, ts_us) if seq == hole.to_id else self._record(hole)]
        if seq == hole.to_id:
            hole.to_id = seq - 1
            return [self._record(hole)]
        rest = replace(hole, gap_id=f"trades:{seq + 1}", from_id=seq + 1, filled_to_id=None, from_us=ts_us)
        hole.to_id, hole.until_us = seq - 1, ts_us
        return [self._record(hole), self._declare(rest)]


class KeyedTrades(_Gaps):
    """Ids that are only unique: an outage is a stretch of time, filled by reading that stretch from history."""

    def __init__(self, venue: str, symbol: str, late_us: int = 0) -> None:
        super().__init__(venue, symbol, late_us)
        self._seen: OrderedDict[str, None] = OrderedDict()

    def restore(self, last: Trade | None, gaps: Sequence[Gap]) -> None:
        self._restore_holes(gaps)
        if last is not None:
            self.last_us = last.ts_us
            self._remember(last.trade_id)

    def adopt(self, gap: Gap) -> list[Kept]:
        """Its trades may have been seen before they were lost."""
        self._seen.clear()
        return super().adopt(gap)

    def lost(self, reason: str) -> list[Kept]:
        if self.last_us is None or self._pending is not None:
            return []
        self._pending = Hole(f"trades:{self.last_us}", self.last_us, None, reason, late_us=self._late_us)
        return [self._declare(self._pending)]

    def live(self, trade: Trade | Void) -> list[Kept]:
        if isinstance(trade, Void) or not self._remember(trade.trade_id):
            self.repeated += 1
            return []
        kept: list[Kept] = []
        if self._pending is not None and trade.ts_us >= self._pending.from_us:
            self._pending.until_us = trade.ts_us
            kept.append(self._record(self._pending))
            self._pending = None
        self.last_us = trade.ts_us if self.last_us is None else max(self.last_us, trade.ts_us)
        kept.append(trade)
        return kept

    def history(self, page: Iterable[Trade | Void]) -> list[Kept]:
        kept: list[Kept] = []
        for trade in page:
            if isinstance(trade, Trade):
                hole = next((h for h in self.holes if h.holds(trade.ts_us)), None)
                if hole is None:
                    continue
                hole.paged_us = max(hole.paged_us or hole.from_us, trade.ts_us)
                if self._remember(trade.trade_id):
                    kept.append(trade)
        return kept

    def exhausted(self, hole: Hole, reason: str | None) -> list[Kept]:
        if hole not in self.holes:
            return []
        if reason is None:
            return [] if hole.until_us is None else [self._filled(hole, hole.until_us)]
        hole.hopeless = True
        hole.reason = reason
        return [self._record(hole)]

    def skip_to(self, hole: Hole, ts_us: int, reason: str) -> list[Kept]:
        """Gives up the time of a hole before ts_us, and goes on with the rest."""
        if ts_us <= hole.next_us or hole not in self.holes:
            return []
        if hole.before(ts_us):
            return self.exhausted(hole, reason)
        rest = replace(hole, gap_id=f"trades:{ts_us}", from_us=ts_us, paged_us=None)
        if self._pending is hole:
            self._pending = rest
        hole.until_us, hole.hopeless, hole.reason = ts_us, True, reason
        return [self._record(hole), self._declare(rest)]

    def _remember(self, trade_id: str) -> bool:
        """Whether it is new."""
        if trade_id in self._seen:
            return False
        self._seen[trade_id] = None
        if len(self._seen) > REMEMBERED_IDS:
            self._seen.popitem(last=False)
        return True
