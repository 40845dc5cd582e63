"""Two clocks: ours, which never steps, and the venue's, which is known only through what it says."""

from __future__ import annotations

import time
from collections import deque
from typing import Final

WINDOW_US: Final = 60_000_000
PIECE_US: Final = 5_000_000


def steady_clock() -> SteadyClock:
    return SteadyClock(time.time_ns() - time.monotonic_ns())


class SteadyClock:
    """Nanoseconds that began at the wall clock's time and from then on only run: no step of the wall clock shows."""

    def __init__(self, offset_ns: int) -> None:
        self._offset_ns = offset_ns

    def __call__(self) -> int:
        return self._offset_ns + time.monotonic_ns()


class Skew:
    """How far our clock is ahead of a venue's, latency included: the least of (received - said) over the last minute.

    Kept as a minimum of every five seconds, so that a step of the venue's clock is believed within a minute.
    """

    def __init__(self) -> None:
        self._pieces: deque[tuple[int, int]] = deque()
        self.us: int | None = None
        """None before the venue has told any time."""

    def see(self, recv_ns: int, ts_us: int) -> None:
        recv_us = recv_ns // 1000
        piece, apart = recv_us // PIECE_US, recv_us - ts_us
        if self._pieces and self._pieces[-1][0] == piece:
            if apart < self._pieces[-1][1]:
                self._pieces[-1] = (piece, apart)
                self.us = apart if self.us is None else min(self.us, apart)
            return
        self._pieces.append((piece, apart))
        while self._pieces[0][0] < piece - WINDOW_US // PIECE_US:
            self._pieces.popleft()
        self.us = min(least for _, least in self._pieces)

    def venue_us(self, recv_ns: int) -> int:
        """The venue's time when we received something; our own where the venue has told none."""
        return recv_ns // 1000 - (self.us or 0)
