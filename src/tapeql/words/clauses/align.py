"""ALIGN, OFFSET: where bars begin."""

from __future__ import annotations

from typing import Final

from tapeql.language import syntax
from tapeql.language.clauses.align import Align as AlignClause
from tapeql.language.clauses.offset import Offset
from tapeql.query.durations import DAY_US
from tapeql.query.nodes import Align, Interval
from tapeql.query.verb import Verb
from tapeql.words.asking import Asking, elapsed, settled
from tapeql.words.clause import Clause


@settled
def align(asking: Asking) -> Align:
    to, offset = asking.clause(AlignClause), asking.clause(Offset)
    offset_us = (elapsed(asking, offset.by) if offset else None) or 0
    match to.to if to else "session":
        case syntax.Time(us=us, span=span):
            if us >= DAY_US:
                asking.report.add("E404", "a day's times run from 00:00 to 23:59", span)
            return Align("time", us, offset_us)
        case str() as name:
            return Align(name, 0, offset_us)


def fits(verb: Verb, length: Interval | None) -> bool:
    return bool(verb.measures) or (verb.sees.is_bar and length is not None and not (length.is_calendar or length.by))


def instead(written: syntax.Clause, length: Interval | None) -> tuple[str, ...]:
    """Days that begin at another time."""
    if length is None or (length.count, length.unit) != (1, "d"):
        return ()
    match written:
        case AlignClause(to=syntax.Time(us=us)):
            minutes = us // 60_000_000
        case Offset(by=by) if all(unit in ("h", "m") for _, unit in by.parts):
            minutes = sum(count * (60 if unit == "h" else 1) for count, unit in by.parts)
        case _:
            return ()
    return (f"write `CANDLES 24h … ALIGN {minutes // 60 % 24:02}:{minutes % 60:02}`",)


CLAUSE: Final = Clause(
    (AlignClause, Offset), "ALIGN and OFFSET say where bars within a day begin", fits=fits, instead=instead
)
