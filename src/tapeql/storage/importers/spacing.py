"""How long candles are, told by the time between them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from tapeql.calendars.zones import DAY_US
from tapeql.storage.layout import interval_us

_SHORT_DAY_US: Final = DAY_US - 3_600_000_000
_USUAL: Final = {
    1_000_000 * seconds: word
    for seconds, word in (
        (1, "1s"), (5, "5s"), (10, "10s"), (15, "15s"), (30, "30s"), (60, "1m"), (120, "2m"), (180, "3m"), (300, "5m"),
        (600, "10m"), (900, "15m"), (1200, "20m"), (1800, "30m"), (2700, "45m"), (3600, "1h"), (7200, "2h"), (10800, "3h"),
        (14400, "4h"), (21600, "6h"), (28800, "8h"), (43200, "12h"),
    )
}  # fmt: skip


def interval_between(instants: Sequence[npt.NDArray[np.int64]], days: bool) -> str:
    """The usual interval of which every distance is a multiple and one is the same; "" where none is.

    instants   UTC microseconds, an array a symbol
    days       whether they are dates, of which one may stand for a week or a month
    """
    apart = [_rising(each) for each in instants]
    steps = np.concatenate([each[1:] - each[:-1] for each in apart]) if apart else np.array([], np.int64)
    if not len(steps):
        return ""
    least = int(steps.min())
    if (days and (steps % DAY_US == 0).all()) or least >= 20 * DAY_US:
        return _of_days(np.concatenate(apart), least // DAY_US)
    if least % DAY_US == 0 and (steps % DAY_US == 0).all():
        return "1d" if least == DAY_US else ""
    if (steps % least != 0).any():
        return ""
    return _USUAL.get(least, "")


def shorter(one: str, other: str) -> bool:
    """Whether one interval is; of days, weeks and months only the units are compared."""
    a, b = interval_us(one), interval_us(other)
    if a is not None and b is not None:
        return a < b
    places = [9 if each.endswith("mo") else "smhdw".find(each[-1]) for each in (one, other)]
    return places[0] < places[1]


def too_close(instants: npt.NDArray[np.int64], interval: str) -> tuple[int, int] | None:
    """The first two of candles that lie closer than one is long; days may be an hour short. None where all lie well."""
    length = interval_us(interval) or (_SHORT_DAY_US if interval == "1d" else 0)
    sorted_ = _rising(instants)
    close = np.flatnonzero(sorted_[1:] - sorted_[:-1] < length)
    return (int(sorted_[close[0]]), int(sorted_[close[0] + 1])) if len(close) else None


def _rising(instants: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Each once, sorted; most files have them so."""
    return instants if (instants[1:] > instants[:-1]).all() else np.unique(instants)


def _of_days(instants: npt.NDArray[np.int64], least: int) -> str:
    days = instants.astype("datetime64[us]").astype("datetime64[D]")
    first_of_month = (days == days.astype("datetime64[M]").astype("datetime64[D]")).all()
    if least >= 28 and first_of_month:
        return "1mo" if least < 32 else ""
    if least == 7:
        return "1w"
    return "1d" if least < 7 else ""
