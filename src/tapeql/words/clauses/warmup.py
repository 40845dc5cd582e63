"""WARMUP: how many rows before the range are read, where that is not inferred."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tapeql.language.clauses.warmup import Warmup
from tapeql.words.asking import Asking
from tapeql.words.clause import Clause


@dataclass(frozen=True, slots=True)
class ReadBefore:
    """So many rows before the range are read, whatever looks back."""

    rows: int


def says(asking: Asking) -> ReadBefore | None:
    clause = asking.clause(Warmup)
    return None if clause is None else ReadBefore(clause.rows)


CLAUSE: Final = Clause((Warmup,), "WARMUP says how many rows before the range are read", says=says)
