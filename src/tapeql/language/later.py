"""Words that belong to the language and not yet to this version: they get a plain answer, not a syntax error."""

from __future__ import annotations

from collections.abc import Mapping

from tapeql.errors import Diagnostic, Span
from tapeql.language import vocabulary


def _not_yet(words: Mapping[str, str]) -> dict[str, str]:
    """Those that open nothing in the grammar."""
    here = {*vocabulary.verbs(), *vocabulary.statements(), *vocabulary.openers()}
    return {word: why for word, why in words.items() if word not in here}


VERBS = _not_yet(
    {
        "BOOK": "order books",
        "SCAN": "scans over a universe",
        "MARKOUT": "event studies",
        "GAPS": "holes in stored data",
        "EXPORT": "exports",
        "LET": "named queries",
        "DEFINE": "functions of your own",
        "CREATE": "stored candles, universes, sessions and views",
        "DROP": "stored candles, universes, sessions and views",
        "WATCH": "live queries",
    }
)
"""What a statement may begin with one day, and what for."""

CLAUSES = _not_yet(
    {
        "ADJUST": "adjustment for splits and dividends",
        "FOLLOW": "live queries",
        "TOP": "ranking",
        "BOTTOM": "ranking",
        "AT": "books at one instant",
        "LATENESS": "live queries",
        "DEPTH": "order books",
    }
)
"""What may open a clause one day, and what for."""

CHOICES = {"SHOW": ("UNIVERSES", "JOBS")}
"""Words that may follow these one day."""


def later(what: str, span: Span, why: str = "") -> Diagnostic:
    """The language knows this, this version does not."""
    hints = (f"it will be for {why}",) if why else ()
    return Diagnostic("E510", f"{what} is not in this version", span, hints)
