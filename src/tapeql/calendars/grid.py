"""One grid of instants for buckets and fills, in arrays and in SQL."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

Instants = npt.NDArray[np.int64]

ALWAYS: Final = -(2**62)
"""`market_open` where the market never closes: every earlier quote may prevail."""

NEVER: Final = 2**62
"""`market_open` of a closed market: no quote prevails. Also an infinite `limit`."""

NO_DATE: Final = -(2**31)
"""`session_date` outside every session."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Segments of time, sorted and disjoint, each cut into buckets from an origin.

    A row at t with start <= t < end of segment i belongs to the bar that opens at

        origin + (t - origin) // step * step      (step > 0)
        origin                                    (step == 0: the whole segment belongs to one bar)

    and closes at min(open + step, limit), or at limit. Several segments may belong to one bar (a week of regular
    sessions; an aligned bucket across a lunch break); they share origin and limit. No segment crosses an opening or
    a closing of the market, nor midnight of a 24x7 day.

    start, end, origin, step, limit   int64 microseconds
    session_date                      int64 days since 1970-01-01, NO_DATE outside every session
    market_open                       the opening instant of the open market the segment lies in, ALWAYS or NEVER:
                                      quotes before it do not prevail in the segment
    """

    start: Instants
    end: Instants
    origin: Instants
    step: Instants
    limit: Instants
    session_date: Instants
    market_open: Instants

    def __len__(self) -> int:
        return len(self.start)

    def only(self, kept: npt.NDArray[np.bool_]) -> Grid:
        """The grid of some of its segments."""
        return Grid(*(getattr(self, field.name)[kept] for field in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Spans:
    """Named sessions as half-open instants, sorted by start, with their session dates (days since 1970-01-01)."""

    start: Instants
    end: Instants
    name: tuple[str, ...]
    date: Instants
