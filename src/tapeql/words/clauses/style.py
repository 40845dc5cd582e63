"""STYLE heikin_ashi: smoothed prices in place of a bar's own, for everything after them."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.style import Style
from tapeql.operators.heikin_ashi import HeikinAshi
from tapeql.query.nodes import Interval
from tapeql.query.verb import Verb
from tapeql.words.asking import Asking
from tapeql.words.clause import Clause, Place


def adds(asking: Asking) -> tuple[HeikinAshi, ...]:
    return () if asking.clause(Style) is None else (HeikinAshi(),)


def fits(verb: Verb, length: Interval | None) -> bool:
    """Bars of time, of a length that the verb does not say by itself."""
    return verb.sees.is_bar and verb.interval is None and not (length is not None and length.by)


CLAUSE: Final = Clause((Style,), "STYLE says how bars of time are drawn", fits=fits, place=Place.STYLE, adds=adds)
