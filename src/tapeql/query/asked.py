"""What is asked, of whatever rows: the text, the range, the clock and the settings."""

from __future__ import annotations

from dataclasses import dataclass

from tapeql.errors import Diagnostic
from tapeql.query.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What frames a query.

    start_us, end_us   the range asked for, half-open; None where the text sets no bound (what is stored decides)
    now_us             the one now of the query
    warmup_rows        WARMUP n; None: inferred
    settings           what SET has set
    canonical          the text in its one form, `source` as written
    notes              lints and notes found while understanding
    """

    start_us: int | None
    end_us: int | None
    now_us: int
    warmup_rows: int | None
    settings: Settings
    canonical: str
    source: str
    notes: tuple[Diagnostic, ...] = ()
