"""Numbers for trades that have none: ids and an order that the stream and the history give alike.

IBKR says of a trade its second, price, size, exchange and conditions, nothing else. So

    trade_id   second/price/size/exchange/conditions/n     n: how many equal trades came before it
    seq        how many trades of its second came before it

and unreported trades count apart in both: u0, u1 … in the id, from UNREPORTED on in seq.

Ids of equal trades may change places between the two doors, which no one can see. Of a second that was heard from its
beginning, ids and seq agree as long as both doors tell the same trades in the same order. They do not, where
- the stream (AllLast) has average price, derivative and combination trades, which the history leaves out. They are
  marked unreported, and shift no other because they count apart; those of an outage cannot be found again;
- the venue corrects its history later, or orders a second differently. The id then still agrees, seq may not;
- a message could not be read: what comes after it in that second counts one less.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

UNREPORTED: Final = 1 << 20
"""More trades of one symbol than a second has."""

SECONDS: Final = 120
"""How many seconds are remembered for trades that come late."""


class Numbers:
    """Counts the trades of one symbol as they come. Purely a matter of what was counted before."""

    __slots__ = ("_forgotten", "_seconds")

    def __init__(self) -> None:
        self._seconds: dict[int, Counter[tuple[str, bool] | bool]] = {}
        self._forgotten = -1

    def next(self, second: int, said: str, *, reported: bool) -> tuple[int, str]:
        """(seq, trade_id) of a trade. Raises ValueError for one of a second that is forgotten."""
        if second not in self._seconds:
            if second <= self._forgotten:
                raise ValueError("too late to be numbered")
            self._seconds[second] = Counter()
            if len(self._seconds) > SECONDS:
                oldest = min(self._seconds)
                del self._seconds[oldest]
                self._forgotten = max(self._forgotten, oldest)
        counts = self._seconds[second]
        seq, n = counts[reported], counts[said, reported]
        counts[reported] += 1
        counts[said, reported] += 1
        return (seq, f"{said}/{n}") if reported else (UNREPORTED + seq, f"{said}/u{n}")
