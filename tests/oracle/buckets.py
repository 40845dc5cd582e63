"""Time cut into pieces: as long as neither the bar, the session, the date nor the market's being open changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from tapeql.query.nodes import Align, Interval, SessionSpec
from tests.oracle import grid

ALWAYS = float("-inf")
LONG_HOLIDAYS = timedelta(days=20)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of time inside one bar.

    open, close  the bar it belongs to, None where no bar holds it
    date         the session date in days since 1970-01-01, None outside every session
    opened       since when quotes prevail here: an instant, ALWAYS, or None where the market is closed
    """

    start: int
    end: int
    open: int | None
    close: int | None
    date: int | None
    opened: float | None


@dataclass(slots=True)
class Grid:
    """The buckets of one calendar for one query."""

    calendar: str
    interval: Interval
    zone: str
    reference: str
    sessions: tuple[SessionSpec, ...]
    align: Align
    known: list[Piece] = field(default_factory=list)

    def at(self, ts: int) -> Piece:
        """The piece of time that holds an instant."""
        for piece in reversed(self.known):
            if piece.start <= ts < piece.end:
                return piece
        cuts = self.cuts(ts)
        bucket = grid.bucket_of(self.calendar, self.interval, ts, self.zone, self.reference, self.sessions, self.align)
        if bucket is None:
            before, after = max(c for c in cuts if c <= ts), min(c for c in cuts if c > ts)
            piece = Piece(before, after, None, None, None, None)
        else:
            opening, closing, day, is_open = bucket
            start = max(c for c in (*cuts, opening) if c <= ts)
            end = min(c for c in (*cuts, closing) if c > ts)
            date_ = None if day is None else (day - date(1970, 1, 1)).days
            piece = Piece(start, end, opening, closing, date_, self.opened(ts) if is_open else None)
        self.known.append(piece)
        return piece

    def opened(self, ts: int) -> float:
        if self.calendar == "24x7":
            return ALWAYS
        market = grid.open_market(self.calendar, ts)
        assert market is not None
        return market[0]

    def cuts(self, ts: int) -> set[int]:
        """The instants around `ts` where a session opens or closes, or a 24x7 day begins."""
        day = grid.day_of(ts, self.zone)
        first, last = day - LONG_HOLIDAYS, day + LONG_HOLIDAYS
        found = grid.chosen_spans(self.sessions, first, last, self.calendar, self.zone, self.reference)
        if self.calendar == "24x7":
            midnights = {grid.local_instant(day + n * DAY, 0, self.zone) for n in (-1, 0, 1, 2)}
        else:
            midnights = set()
            found += grid.spans_between(self.calendar, first, last)
        return midnights | {s.start for s in found} | {s.end for s in found}
