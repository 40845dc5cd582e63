"""KEEP partial: unfinished bars stay in the range."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.keep import Keep
from tapeql.words.clause import Clause

CLAUSE: Final = Clause(
    (Keep,), "KEEP partial keeps unfinished bars", fits=lambda verb, length: verb.sees.is_bar, of_days=True
)
