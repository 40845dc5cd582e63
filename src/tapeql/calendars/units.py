"""Calendar units of dates: days and weeks counted from Monday 2000-01-03, months, quarters and years from January 2000."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.int64]

_MONDAY: Final = 10_959
_JANUARY: Final = 360
_MONTHS: Final = {"mo": 1, "q": 3, "y": 12}


def unit_number(dates: Days, count: int, unit: str) -> npt.NDArray[np.int64]:
    """Which unit of `count` d, w, mo, q or y each date (days since 1970-01-01) lies in, 0 being the first of 2000."""
    if unit in _MONTHS:
        months = dates.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        return (months - _JANUARY) // (count * _MONTHS[unit])
    return (dates - _MONDAY) // (count * (7 if unit == "w" else 1))


def first_day_of_unit(numbers: npt.NDArray[np.int64], count: int, unit: str) -> Days:
    """The date (days since 1970-01-01) each unit begins with."""
    if unit in _MONTHS:
        months = numbers * (count * _MONTHS[unit]) + _JANUARY
        return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return numbers * (count * (7 if unit == "w" else 1)) + _MONDAY
