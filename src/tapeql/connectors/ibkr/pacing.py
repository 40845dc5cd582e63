"""How fast IBKR's history may be asked.

60 requests in ten minutes; 5 in two seconds of one instrument and type; the same request not twice in 15 seconds.
Source: interactivebrokers.github.io/tws-api, "Historical Data Limitations". Messages as such are slowed by ib_async.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple

WINDOW_S: Final = 600.0
IN_WINDOW: Final = 60
BURST_S: Final = 2.0
IN_BURST: Final = 5
SAME_S: Final = 15.0
PENALTY_S: Final = 60.0
"""How long to be silent after TWS has said that it was too much."""


class _Asked(NamedTuple):
    at_s: float
    about: Hashable
    request: Hashable


class Pacer:
    """Remembers what was asked. `clock_s` rises steadily."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._asked: deque[_Asked] = deque()
        self._silent_until_s = clock_s()

    @property
    def used(self) -> int:
        """Requests in the last ten minutes."""
        self._forget(self._clock_s())
        return len(self._asked)

    def wait_s(self, about: Hashable, request: Hashable) -> float:
        """How long to wait before a request about an instrument; it counts as asked once 0 is answered."""
        now = self._clock_s()
        self._forget(now)
        free_s = self._silent_until_s
        if len(self._asked) >= IN_WINDOW:
            free_s = max(free_s, self._asked[-IN_WINDOW].at_s + WINDOW_S)
        alike = [each.at_s for each in self._asked if each.about == about]
        if len(alike) >= IN_BURST:
            free_s = max(free_s, alike[-IN_BURST] + BURST_S)
        same = [each.at_s for each in self._asked if each.request == request]
        if same:
            free_s = max(free_s, same[-1] + SAME_S)
        if free_s > now:
            return free_s - now
        self._asked.append(_Asked(now, about, request))
        return 0.0

    def too_fast(self) -> None:
        """TWS complained: others may share the account."""
        self._silent_until_s = self._clock_s() + PENALTY_S

    def _forget(self, now: float) -> None:
        while self._asked and self._asked[0].at_s + WINDOW_S <= now:
            self._asked.popleft()
