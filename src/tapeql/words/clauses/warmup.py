"""WARMUP: how many rows before the range are read, where that is not inferred."""

from __future__ import annotations

from typing import Final

from tapeql.language.clauses.warmup import Warmup
from tapeql.words.asking import Asking
from tapeql.words.clause import Clause


def warmup_rows(asking: Asking) -> int | None:
    clause = asking.clause(Warmup)
    return None if clause is None else clause.rows


CLAUSE: Final = Clause((Warmup,), "WARMUP says how many rows before the range are read")
