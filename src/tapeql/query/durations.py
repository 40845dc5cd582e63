"""Durations as written → elapsed microseconds or the interval of a bar."""

from __future__ import annotations

from tapeql.language import syntax
from tapeql.language.statements.query import Amount
from tapeql.query.nodes import SEQUENCE_US, Interval

ELAPSED_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 10**9, "m": 60 * 10**9, "h": 3_600 * 10**9}
CALENDAR_DAYS = {"d": 1, "w": 7, "mo": 31, "q": 92, "y": 366}
"""Calendar units with the most days one can have."""

DAY_US = 86_400_000_000
LONGEST_DAYS = 36_600


class BadDuration(ValueError):
    """A duration that cannot stand where it is written; the message says why, `hint` what to write."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


def elapsed_us(duration: syntax.Duration, *, days: bool = False) -> int:
    """Microseconds of a duration in ns … h; with `days` also d (24 h) and w (7 d)."""
    lengths = ELAPSED_NS | ({"d": DAY_US * 1_000, "w": 7 * DAY_US * 1_000} if days else {})
    for _, unit in duration.parts:
        if unit not in lengths:
            raise BadDuration(f"`{unit}` has no fixed length; {', '.join(lengths)} have")
    us, rest = divmod(sum(count * lengths[unit] for count, unit in duration.parts), 1_000)
    if rest:
        raise BadDuration("time is kept in microseconds; this is not a whole number of them")
    if us <= 0:
        raise BadDuration("a duration is longer than nothing")
    return us


def interval(length: syntax.Duration | Amount) -> Interval:
    """The length of a bar: elapsed time of at most 24 h, a whole number of one calendar unit, or what is traded in it.

    >>> from tapeql.errors import NOWHERE
    >>> interval(syntax.Duration(((90, "m"),), NOWHERE)).text
    '1h30m'
    """
    if isinstance(length, Amount):
        return _by_amount(length)
    duration = length
    units = [unit for _, unit in duration.parts]
    if "bd" in units:
        raise BadDuration("bars of a day are calendar units already", "write `1d`: it has a bar for every session")
    if not any(unit in CALENDAR_DAYS for unit in units):
        return _intraday(elapsed_us(duration))
    if len(units) > 1:
        raise BadDuration(
            "a bar is a length of time or a number of one calendar unit, not a mixture",
            "intraday bars go up to `24h`; longer ones are `1d`, `2w`, `3mo`, `1q`, `1y`",
        )
    ((count, unit),) = duration.parts
    if count < 1:
        raise BadDuration("a bar is longer than nothing")
    if count * CALENDAR_DAYS[unit] > LONGEST_DAYS:
        raise BadDuration("a bar is at most a century long")
    return Interval(f"{count}{unit}", 0, count, unit)


def _by_amount(amount: Amount) -> Interval:
    size, of = amount.size, amount.of
    if size.unit:
        raise BadDuration(f"`{amount.write()}`: an amount has no unit of its own", f"write `{size.value!r} {of}`")
    if size.value <= 0:
        raise BadDuration("a bar holds more than nothing")
    if of == "ticks" and not float(size.value).is_integer():
        raise BadDuration("trades are whole", f"write `{round(size.value) or 1} ticks`")
    return Interval(f"{size.value!r} {of}", SEQUENCE_US, 0, "", of, float(size.value))


def _intraday(us: int) -> Interval:
    if us > DAY_US:
        days = us // DAY_US
        raise BadDuration("intraday bars are at most 24h long", f"write `{days}d` for bars of whole days")
    return Interval(elapsed_text(us), us, 0, "")


def elapsed_text(us: int) -> str:
    """A length of time in the largest units: `1h30m`, `250ms`."""
    parts = []
    for unit in ("h", "m", "s", "ms", "us"):
        count, us = divmod(us, ELAPSED_NS[unit] // 1_000)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts)
