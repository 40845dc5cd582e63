"""What the choice of sources has to tell: what is stored and cannot be shown, and bars that are told in part."""

from __future__ import annotations

import datetime as dt

from tapeql.errors import Diagnostic
from tapeql.plan.sources import Choice, untold
from tapeql.query.asked import Asked
from tapeql.query.nodes import Symbol
from tapeql.rows.nesting import Shape, interval_us
from tapeql.rows.spans import union

_EPOCH = dt.datetime(1970, 1, 1)


def told_of(asked: Asked, symbol: Symbol, choice: Choice, calendar: str, shape: Shape) -> list[Diagnostic] | None:
    """Notes on the range asked for; None where nothing stored nests in any of it, but candles are there."""
    if not choice.sources:
        return None
    low, high = choice.sources[0].start_us, choice.sources[-1].end_us
    if asked.start_us is not None:
        low, end = asked.start_us, asked.now_us if asked.end_us is None else min(asked.end_us, asked.now_us)
        stored = union(*choice.unfit.values()).clipped(low, end)
        if len(stored.start) and not len(choice.answered.clipped(low, end).start):
            return None
    high = min(asked.now_us, high if asked.end_us is None else asked.end_us)
    notes = []
    if choice.unfit and low < high:
        first, last = choice.sources[0].start_us, choice.sources[-1].end_us
        missed = untold(choice, shape.grid(calendar, max(low, first), min(high, last), choice.dates), low, high)
        for interval, (start, end) in sorted(missed.items(), key=lambda item: interval_us(item[0])):
            reason = (
                f"{interval} candles of {symbol} do not nest in bars of {shape.interval.text}, and nothing else is stored "
                f"for some of {day_text(start)} .. {day_text(end - 1)}: no bars there"
            )
            notes.append(Diagnostic("N106", reason))
    partial = [us for us in choice.partial if low <= us < high]
    if partial:
        more = f" and {len(partial) - 1} more" if len(partial) > 1 else ""
        reason = f"the bar of {symbol} at {_instant(partial[0])}{more} is built from the trades there are, though some are missing"
        notes.append(Diagnostic("N107", reason))
    return notes


def day_text(us: int) -> str:
    """The UTC date of an instant."""
    return (_EPOCH + dt.timedelta(microseconds=us)).date().isoformat()


def _instant(us: int) -> str:
    return (_EPOCH + dt.timedelta(microseconds=us)).isoformat(timespec="seconds") + "Z"
