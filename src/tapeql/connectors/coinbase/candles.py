"""Which stretches of candles to ask for: so many at a time, none unfinished."""

from __future__ import annotations

from collections.abc import Iterator


def windows(since_us: int, until_us: int | None, now_us: int, interval_s: int, most: int) -> Iterator[tuple[int, int]]:
    """(open of the first candle, open of the last one) in seconds, `most` candles apiece, oldest first.

    They open from since_us on, before until_us, and are over by now_us.
    """
    step_us = interval_s * 1_000_000
    first_s = -(-since_us // step_us) * interval_s
    behind_s = now_us // step_us * interval_s
    if until_us is not None:
        behind_s = min(behind_s, -(-until_us // step_us) * interval_s)
    for start_s in range(first_s, behind_s, most * interval_s):
        yield start_s, min(start_s + (most - 1) * interval_s, behind_s - interval_s)
